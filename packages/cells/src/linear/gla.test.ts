// gla's low-rank gate and temperature, which the fixtures of fla do not have, in plain numbers; and options that do not
// fit. The rest is in golden.test.ts.
import { expect, test } from "vitest";
import { by, cut, expectPlainLoop, part, plus, range, row, s, times } from "../../../../fixtures/cells/plain-loop.ts";
import { gla } from "../index.ts";

const [input, hidden, heads, keyWidth, rank, temperature] = [3, 6, 2, 4, 2, 4];
const [perHead, width] = [keyWidth / heads, hidden / heads];

test("gla is the paper's recurrence, with keys of another width than values", () => {
  expectPlainLoop(gla({ input, hidden, heads, keyWidth, rank, temperature }), (w, { S = [] }, x) => {
    const qkv = times(x, w("W"));
    const [q, k, v] = [part(qkv, 0, keyWidth), part(qkv, 1, keyWidth), qkv.slice(2 * keyWidth)];
    const alpha = s(plus(times(times(x, w("W1")), w("W2")), row(w("bAlpha")))).map((y) => y ** (1 / temperature));
    // S is [heads, key, value]: a row of values for each number of k.
    const next = cut(S, width).map((values, i) =>
      plus(by(alpha[i] ?? NaN, values), by(k[i] ?? NaN, part(v, Math.floor(i / perHead), width))),
    );
    const output = range(heads).flatMap((head) => {
      const rows = next.slice(head * perHead, (head + 1) * perHead);
      return by(times(part(q, head, perHead), rows), 1 / Math.sqrt(perHead));
    });
    return { state: { S: next.flat() }, output };
  });
});

test("options that do not fit are named", () => {
  expect(() => gla({ input, hidden, heads: 4 })).toThrow("gla: keyWidth 3 and hidden 6 must divide into 4 heads");
  expect(() => gla({ input, hidden: 5, heads: 1 })).toThrow("gla: keyWidth must be an integer >= 1, got 2.5");
  expect(() => gla({ input, hidden, heads: 1, temperature: 0 })).toThrow(
    "gla: temperature must be a finite number above",
  );
  expect(() => gla({ input, hidden, heads: 1, biases: 2 as 1 })).toThrow("gla: biases must be 0 or 1, got 2");
});
