import { grad, leavesOf, tensor, TensorError, valuesOf, type Tree } from "@sluice/tensor";
import { expectNear } from "@sluice/tensor/testing";
import type { ApplyOptions } from "../layers/layer.ts";
import { sequence, type SequenceOptions } from "../layers/sequence.ts";
import type { State } from "../cell/states.ts";
import { trained, weighed, type Trained } from "./runs.ts";
import { flagsOf, type Subject } from "./subject.ts";

/** Relative to the largest value, or 1: sums of a few numbers in another order, in f64. */
const TOLERANCE = 1e-12;

const mask = flagsOf([
  [0, 1, 0, 1],
  [0, 0, 0, 0],
  [1, 1, 0, 1],
]);
const resets = flagsOf([
  [0, 0, 1, 0],
  [0, 1, 0, 0],
  [0, 0, 0, 1],
]);
const lengths = tensor(Int32Array.of(4, 2, 3));

const runs: readonly (readonly [SequenceOptions, ApplyOptions<State>])[] = [
  [{}, { traces: true }],
  [{}, { lengths, carryAfter: 2 }],
  [{}, { mask, resets, traces: true, training: true }],
  [{}, { mask, resets, lengths, maskedOutput: "repeat" }],
  [{ reverse: true }, { mask, resets, lengths, maskedOutput: "repeat" }],
  [
    { reverse: true, outputs: "last" },
    { lengths, mask },
  ],
  [{ outputs: "last" }, { lengths: [4, 0, 3], resets }],
  [{ outputs: "last" }, { mask, resets }],
];

/** An associative scan gives the loop's outputs, states, traces and gradients, up to the order of sums. */
export function associative(subject: Subject): void {
  const given = trained(subject);
  for (const [options, applied] of runs) {
    const found = (scan: "sequential" | "associative"): Tree => {
      const layer = sequence(subject.cell, { ...options, scan });
      const at = ({ params, x = subject.x, state, extra }: Trained) => {
        const result = layer.apply(params, x, {
          ...applied,
          state: { ...subject.state, ...state },
          extra: { ...subject.extra, ...extra },
        });
        return { output: result.output, state: result.state, carry: result.carry, traces: result.traces };
      };
      return { ...at(given), gradient: grad((weights: Trained) => weighed(at(weights)))(given) };
    };
    expectClose(JSON.stringify({ ...options, given: Object.keys(applied) }), found("associative"), found("sequential"));
  }
}

function expectClose(run: string, found: Tree, expected: Tree): void {
  const others = new Map(leavesOf(expected).map(({ path, tensor: y }) => [path, y]));
  const leaves = leavesOf(found);
  if (leaves.length !== others.size)
    throw new TensorError(`${run}: ${leaves.length} results of the associative scan, ${others.size} of the loop`);
  for (const { path, tensor: y } of leaves) {
    const other = others.get(path);
    if (other === undefined) throw new TensorError(`${run}: the loop gives no ${path}`);
    expectNear(`${run}: ${path}`, valuesOf(y), valuesOf(other), TOLERANCE);
  }
}
