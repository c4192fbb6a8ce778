/** The laws about a cell over time, each a function of a subject that throws where it is broken. */
import {
  concat,
  grad,
  key,
  mapTree,
  reshape,
  select,
  square,
  sum,
  tensor,
  valuesOf,
  type ArrayTensor,
  type Tensor,
  type Tree,
} from "@sluice/tensor";
import { isFloat } from "@sluice/tensor/internal";
import { arrayOf, expectSame, expectThat } from "@sluice/tensor/testing";
import { bidirectional } from "../layers/bidirectional.ts";
import { sequence } from "../layers/sequence.ts";
import { stream } from "../layers/stream.ts";
import { lengths, mask, rows, rowWith, run, taken, upTo, within } from "./runs.ts";
import { batch, flagsOf, pick, rowOf, stepsOf, time, type LayerSubject, type Subject } from "./subject.ts";

/** A row with a length equals a run over its steps alone: the same state, the same outputs, then zeros. */
export function truncated(subject: LayerSubject): void {
  const whole = run(subject, { lengths });
  for (const [row, n] of lengths.entries()) {
    const alone = run(rowWith(subject, row, upTo(n)));
    expectSame(
      `state of row ${row}`,
      mapTree(whole.state, (s) => rowOf(s, row)),
      alone.state,
    );
    expectSame(`outputs of row ${row}`, pick(whole.output, row, upTo(n)), alone.output);
    const beyond = valuesOf(pick(whole.output, row, upTo(time).slice(n)));
    expectThat(
      `row ${row} has an output that is not zero beyond its length`,
      beyond.every((y) => y === 0),
    );
  }
}

/**
 * A masked run equals the run over the sequence without the masked steps; masked steps output zeros, or repeat the last
 * output.
 */
export function masked(subject: LayerSubject): void {
  const [whole, repeating] = [run(subject, { mask }), run(subject, { mask, maskedOutput: "repeat" })];
  expectSame("state, repeating outputs", repeating.state, whole.state);
  for (const [row, steps] of taken.entries()) {
    const alone = run(rowWith(subject, row, steps));
    expectSame(
      `state of row ${row}`,
      mapTree(whole.state, (s) => rowOf(s, row)),
      alone.state,
    );
    expectSame(`outputs of row ${row}`, pick(whole.output, row, steps), alone.output);
    for (const t of upTo(time)) {
      const last = steps.filter((step) => step <= t).length - 1;
      const repeated = valuesOf(pick(repeating.output, row, [t]));
      const expected = last < 0 ? repeated.map(() => 0) : valuesOf(pick(alone.output, 0, [last]));
      expectThat(
        `row ${row} does not repeat its output at step ${t}`,
        repeated.every((y, i) => y === expected[i]),
      );
      if (steps.includes(t)) continue;
      expectThat(
        `row ${row} has an output that is not zero at step ${t}`,
        valuesOf(pick(whole.output, row, [t])).every((y) => y === 0),
      );
    }
  }
}

/** Values at steps that are not taken, NaN included, reach no result, in evaluation or in training. */
export function notLookedAt(subject: LayerSubject): void {
  if (!isFloat(subject.x.dtype)) return;
  const looked = flagsOf(
    taken.map((steps, row) => upTo(time).map((t) => Number(t < (lengths[row] ?? 0) && steps.includes(t)))),
  );
  const at = (fill: number): LayerSubject => ({
    ...subject,
    x: select(reshape(looked, [batch, time, ...subject.x.shape.slice(2).map(() => 1)]), subject.x, fill),
  });
  for (const training of [false, true]) {
    const options = { lengths, mask, training, key: key(4) };
    const loss = (s: LayerSubject) =>
      grad((p: Tree) => sum(square(run({ ...s, params: p }, options).output)))(s.params);
    const of = training ? "in training" : "in evaluation";
    expectSame(`results ${of}`, run(at(NaN), options), run(at(0), options));
    expectSame(`gradients ${of}`, loss(at(NaN)), loss(at(0)));
  }
}

/** A reset begins a run of its own, from the initial state, in both directions. */
export function reset(subject: Subject): void {
  const { cell, params } = subject;
  const resets = flagsOf(rows.map(() => [0, 0, 1, 0]));
  for (const reverse of [false, true]) {
    const layer = sequence(cell, { reverse });
    const fresh: Subject = { ...subject, layer, state: layer.initialState(batch, { params }) };
    const { output } = run(fresh, { resets });
    const parts = [within(fresh, 0, 2), within(fresh, 2, time)].map((part) => run(part).output);
    expectSame(`outputs (reverse: ${reverse})`, output, concat(parts, 1));
  }
}

/** A run in two windows equals the run in one, and `carryAfter` only adds the state between them. */
export function carried(subject: LayerSubject): void {
  const whole = run(subject);
  const { carry, ...rest } = run(subject, { carryAfter: 1 });
  const first = run(within(subject, 0, 1));
  const second = run({ ...within(subject, 1, time), state: first.state });
  expectSame("carry", carry, first.state);
  expectSame("the whole with carryAfter", rest, { output: whole.output, state: whole.state, buffers: whole.buffers });
  expectSame("state after both parts", second.state, whole.state);
  expectSame("outputs of both parts", concat([first.output, second.output], 1), whole.output);
}

/** Read step by step, the cell gives the outputs of the whole sequence. */
export async function streamed(subject: LayerSubject): Promise<void> {
  const { layer, params, x, extra, state, buffers } = subject;
  const whole = run(subject);
  const reading = await stream(layer, params, { batch, buffers });
  try {
    await reading.setState(state);
    const at = (y: Tensor, t: number): ArrayTensor =>
      arrayOf(reshape(stepsOf(y, t, t + 1), [batch, ...y.shape.slice(2)]));
    for (const t of upTo(time)) {
      const inputs = Object.fromEntries(Object.entries(extra).map(([name, e]) => [name, at(e, t)]));
      expectSame(`output of step ${t}`, await reading.step(at(x, t), { extra: inputs }), at(whole.output, t));
    }
    expectSame("state", await reading.state(), whole.state);
  } finally {
    await reading.dispose();
  }
}

/** A bidirectional layer equals the cell run forwards and the cell run over the reversed sequences. */
export function bothDirections(subject: Subject): void {
  const { cell, params, x, extra, state, buffers } = subject;
  const layer = bidirectional(cell, { merge: "sum" });
  const reversed = <T extends Tree>(tree: T): T =>
    mapTree(tree, (y) =>
      concat(
        upTo(time).map((t) => stepsOf(y, time - 1 - t, time - t)),
        1,
      ),
    );
  const both = layer.apply({ forward: params, backward: params }, x, {
    extra,
    state: { forward: state, backward: state },
    buffers: { forward: buffers, backward: buffers },
  });
  const forward = run(subject);
  const backward = run({ ...subject, x: reversed(x), extra: reversed(extra) });
  expectSame("final states", both.state, { forward: forward.state, backward: backward.state });
  const { output } = forward;
  const other = valuesOf(reversed(backward.output));
  expectSame(
    "outputs",
    both.output,
    tensor(
      valuesOf(output).map((y, i) => Math.fround(y + (other[i] ?? NaN))),
      output.shape,
    ),
  );
}
