// qrnn and windowedQrnn against the equations of arXiv:1611.01576, section 2, in plain numbers.
import { expect, test } from "vitest";
import {
  by,
  expectPlainLoop,
  minus,
  plus,
  row,
  s,
  th,
  times,
  type PlainStep,
  type Row,
} from "../../../../fixtures/cells/plain-loop.ts";
import { qrnn, windowedQrnn, type QrnnPooling } from "../index.ts";

const [input, hidden] = [3, 4];

const orders: Readonly<Record<QrnnPooling, string>> = { f: "zf", fo: "zfo", ifo: "zfio" };
const runs = (["f", "fo", "ifo"] as const).flatMap((pooling) => [1, 2, 3].map((window) => ({ pooling, window })));

test.each(runs)("pooling $pooling, window $window", ({ pooling, window }) => {
  const order = orders[pooling];
  const step: PlainStep = (w, { c = [], last = [] }, x) => {
    const seen = [...last, ...x];
    const a = (name: string): Row => plus(times(seen, w("W", order.indexOf(name))), row(w("b", order.indexOf(name))));
    const f = s(a("f"));
    const i = pooling === "ifo" ? s(a("i")) : minus(1, f);
    const next = plus(by(f, c), by(i, th(a("z"))));
    return { state: { c: next, last: seen.slice(input) }, output: pooling === "f" ? next : by(s(a("o")), next) };
  };
  const sizes = { input, hidden, pooling };
  expectPlainLoop(window === 1 ? qrnn(sizes) : windowedQrnn({ ...sizes, window }), step);
});

test("options that do not fit are named", () => {
  expect(() => qrnn({ input, hidden, pooling: "of" as QrnnPooling })).toThrow("qrnn: unknown pooling of; did you mean");
  expect(() => windowedQrnn({ input, hidden, window: 1 })).toThrow(
    "windowedQrnn: window must be an integer >= 2, got 1; a window of one step is qrnn",
  );
});
