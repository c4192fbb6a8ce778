// The mogrifier LSTM against the paper's equations in plain numbers.
import { expect, test } from "vitest";
import {
  by,
  expectPlainLoop,
  plus,
  row,
  s,
  th,
  times,
  type Row,
  type Weight,
} from "../../../../fixtures/cells/plain-loop.ts";
import { mogrifierLstm } from "../index.ts";

const sizes = { input: 3, hidden: 4 };

const plainly =
  (rounds: number, product: (w: Weight, v: Row, path: string) => Row) =>
  (w: Weight, { h: before = [], c = [] }: Readonly<Record<string, Row>>, xt: Row) => {
    let [x, h] = [xt, before];
    for (let i = 1; i <= rounds; i++) {
      if (i % 2 === 1) x = by(2, s(product(w, h, `Q.${(i - 1) / 2}`)), x);
      else h = by(2, s(product(w, x, `R.${i / 2 - 1}`)), h);
    }
    const a = (gate: number): Row => plus(times(x, w("W", gate)), times(h, w("U", gate)), row(w("b", gate)));
    const next = plus(by(s(a(1)), c), by(s(a(0)), th(a(2))));
    const output = by(s(a(3)), th(next));
    return { state: { h: output, c: next }, output };
  };

test.each([0, 1, 2, 5])("%d rounds", (rounds) => {
  expectPlainLoop(
    mogrifierLstm({ ...sizes, rounds }),
    plainly(rounds, (w, v, path) => times(v, w(path))),
  );
});

test("matrices of low rank", () => {
  const product = (w: Weight, v: Row, path: string): Row => times(times(v, w(`${path}.left`)), w(`${path}.right`));
  expectPlainLoop(mogrifierLstm({ ...sizes, rank: 2 }), plainly(5, product));
});

test("rounds and rank out of range are errors", () => {
  expect(() => mogrifierLstm({ ...sizes, rounds: 1.5 })).toThrow(
    "mogrifierLstm: rounds must be an integer >= 0, got 1.5",
  );
  expect(() => mogrifierLstm({ ...sizes, rank: 0 })).toThrow("mogrifierLstm: rank must be an integer >= 1, got 0");
});
