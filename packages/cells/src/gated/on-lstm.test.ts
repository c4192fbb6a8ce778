// onLstm against the paper's equations in plain loops, and chunks that are refused.
import { specsOf } from "@sluice/params";
import { layerNorm } from "@sluice/norm";
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
  type Row,
} from "../../../../fixtures/cells/plain-loop.ts";
import { onLstm } from "../index.ts";

const [input, hidden] = [3, 6];

/** Running sums of a softmax. */
function cumax(x: Row): Row {
  const e = x.map(Math.exp);
  const sum = (row: Row): number => row.reduce((a, b) => a + b);
  return e.map((_, j) => sum(e.slice(0, j + 1)) / sum(e));
}

test.each([1, 2, 3])("with chunks of %d it is the paper's equations", (chunk) => {
  expectPlainLoop(onLstm({ input, hidden, chunk }), (weight, { h = [], c = [] }, x) => {
    const gate = (k: number): Row => plus(times(x, weight("W", k)), times(h, weight("U", k)), row(weight("b", k)));
    const master = (name: string): Row => {
      const ofChunks = plus(times(x, weight(`${name}.W`)), times(h, weight(`${name}.U`)), row(weight(`${name}.b`)));
      return cumax(ofChunks).flatMap((v) => new Array<number>(chunk).fill(v));
    };
    const [i, f, n, o] = [s(gate(0)), s(gate(1)), th(gate(2)), s(gate(3))];
    const F = master("masterForget");
    const I = minus(
      F.map(() => 1),
      master("masterInput"),
    );
    const overlap = by(F, I);
    const forget = plus(by(f, overlap), minus(F, overlap));
    const entering = plus(by(i, overlap), minus(I, overlap));
    const nextC = plus(by(forget, c), by(entering, n));
    const nextH = by(o, th(nextC));
    return { state: { h: nextH, c: nextC }, output: nextH };
  });
});

test.each([0, 4, 1.5, Number.NaN])("a chunk of %d of 6 units is an error", (chunk) => {
  expect(() => onLstm({ input, hidden, chunk })).toThrow(
    `onLstm: chunk must be an integer that divides hidden 6, got ${chunk}`,
  );
});

test("a normalizer of gates takes each master gate as one, whatever the chunk", () => {
  const cell = onLstm({ input, hidden, chunk: 2, norm: layerNorm({ placement: "gates" }) });
  const shapes = specsOf(cell.params).flatMap(({ path, spec }) => (path.endsWith(".gain") ? [[path, spec.shape]] : []));
  expect(shapes).toEqual(
    expect.arrayContaining([
      ["norm.gates.gates.gain", [4, 6]],
      ["norm.masterForget.gates.gain", [1, 3]],
      ["norm.masterInput.gates.gain", [1, 3]],
    ]),
  );
});
