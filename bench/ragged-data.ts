import { readFileSync } from "node:fs";
import { dense, lstm, sequence, sequential } from "@sluice/cells";
import { toPyTorch } from "@sluice/exchange";
import { key, tensor, type ArrayTensor } from "@sluice/tensor";
import { numbers, under, type Named } from "./data.ts";
import type { BatchesCase } from "./ragged.ts";

/** Steps of one sequence: the active keys of each, as piano rolls have them. */
type Piece = readonly (readonly number[])[];

/** Stacked LSTMs with a dense readout at every step. */
export function modelOf({ input, hidden, layers, outputs }: BatchesCase) {
  return {
    recurrent: sequential(
      Array.from({ length: layers }, (_, i) => sequence(lstm({ input: i === 0 ? input : hidden, hidden, biases: 2 }))),
    ),
    readout: dense({ input: hidden, output: outputs }),
  };
}

/** The weights that every contender begins with. */
export function weightsOf(of: BatchesCase) {
  const { recurrent, readout } = modelOf(of);
  return { recurrent: recurrent.init(key(1)), readout: readout.init(key(2)) };
}

/**
 * The data of every contender of a case: `x` `[steps, input]` and `y` `[steps, outputs]` of all sequences, one after
 * the other; `offsets` i32 `[sequences + 1]`, where each begins; `lstm.weight_ih_l0`, ..., `linear.weight`,
 * `linear.bias`, the weights in PyTorch's layout.
 */
export function batchesDataOf(of: BatchesCase): Named {
  const pieces =
    of.pieces === undefined
      ? raggedSetLengths(of).map((length, i) => generated(length, of.outputs, numbers(i + 1)))
      : piecesOf(of.pieces);
  const sequences = shuffled(pieces, numbers(1));
  const lengths = sequences.map((piece) => piece.length - 1);
  const { recurrent, readout } = modelOf(of);
  const weights = weightsOf(of);
  const offsets = [0];
  for (const length of lengths) offsets.push(offsets.at(-1)! + length);
  return {
    ...under("lstm", toPyTorch(recurrent, weights.recurrent)),
    ...under("linear", toPyTorch(readout, weights.readout)),
    // The next step is predicted from those before.
    x: roll(
      sequences.flatMap((piece) => piece.slice(0, -1)),
      of.input,
    ),
    y: roll(
      sequences.flatMap((piece) => piece.slice(1)),
      of.outputs,
    ),
    offsets: tensor(offsets, [offsets.length], { dtype: "i32" }),
  };
}

/**
 * The quantiles u = 0, ..., 1 of a length of `mean (1/2 + (ratio - 1/2) u^(2 ratio - 2))`: the shortest has about half
 * the mean, the longest `ratio` times the mean. All but the longest are scaled so that the sum is `sequences mean` at
 * any ratio.
 */
export function raggedSetLengths({ sequences, mean, ratio }: BatchesCase): number[] {
  const longest = Math.round(mean * ratio);
  const rest = Array.from(
    { length: sequences - 1 },
    (_, i) => 0.5 + (ratio - 0.5) * power(i / (sequences - 1), 2 * ratio - 2),
  );
  const scale = (sequences * mean - longest) / rest.reduce((sum, x) => sum + x, 0);
  let [exact, given] = [0, 0];
  const lengths = rest.map((x) => {
    exact += scale * x;
    const length = Math.round(exact) - given;
    given += length;
    return length;
  });
  return [...lengths, longest];
}

const power = (x: number, times: number): number => (times === 0 ? 1 : x * power(x, times - 1));

/**
 * Steps with about four active keys each. There is one more than the length, because the last one is only predicted.
 */
function generated(length: number, keys: number, random: () => number): Piece {
  return Array.from({ length: length + 1 }, () =>
    Array.from({ length: 4 }, () => Math.floor(((random() + 1) / 2) * keys)),
  );
}

/** The training pieces of a JSON file `{ train: piece[] -> step[] -> active keys }`. */
function piecesOf(path: string): readonly Piece[] {
  const { train } = JSON.parse(readFileSync(path, "utf8")) as { readonly train: readonly Piece[] };
  return train;
}

/** 1 where a key is active, `[steps, keys]`. */
function roll(steps: readonly (readonly number[])[], keys: number): ArrayTensor {
  const values = new Float32Array(steps.length * keys);
  for (const [step, active] of steps.entries()) for (const pressed of active) values[step * keys + pressed] = 1;
  return tensor(values, [steps.length, keys]);
}

function shuffled<T>(items: readonly T[], random: () => number): T[] {
  const order = items.map((item) => ({ item, at: random() }));
  return order.sort((a, b) => a.at - b.at).map(({ item }) => item);
}
