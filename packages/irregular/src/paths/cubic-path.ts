import { nth } from "@sluice/tensor/internal";
import type { RaggedBatch } from "../ragged/ragged-batch.ts";
import { filledLinearly, pathOf, seenSteps, type Channel } from "./channels.ts";
import { cubicPiece, cubicPieceFrom, naturalCubicSlopes, type CubicPiece } from "./natural-cubic.ts";

/**
 * The natural cubic spline through the observations of each row, for `neuralCde` with `path: "cubic"` (Kidger et al.
 * 2020, arXiv:2005.08926): smooth, and not causal, because every piece depends on all observations of the row.
 *
 * The knots are the steps at which a channel was observed, the steps being one apart; before the first and after the
 * last observation the nearest value stands at every step. A channel without observations is 0. The numbers are those
 * of torchcde's `natural_cubic_coeffs` of a series with time as its first channel.
 *
 * Gives a ragged batch `[steps, 4 channels]` with `channels = 1 + features`, time first. Row k holds the piece that
 * ends at step k, as torchcde's coefficients side by side, `[a, b, 2c, 3d]`: the path is `a + (b + (2c / 2 + 3d s / 3)
 * s) s` for s from 0 to 1. Row 0 holds the first point, as a piece that stays. Throws a TensorError if the batch has no
 * elapsed times.
 */
export function naturalCubicPath(batch: RaggedBatch): RaggedBatch {
  return cubicPath("naturalCubicPath", batch, naturalPieces);
}

/**
 * Hermite cubic splines with backward differences through the observations of each row (Morrill et al. 2021,
 * arXiv:2106.11028), for `neuralCde` with `path: "cubic"`: the slope at each step is that of the line from the step
 * before it. The path is smooth; where all values are observed, a piece depends on nothing after its end. Values that
 * were not observed are first filled in as by {@link linearPath}, which reads later ones.
 *
 * The form of the result is that of {@link naturalCubicPath}. The numbers are those of torchcde's
 * `hermite_cubic_coefficients_with_backward_differences`.
 */
export function hermitePath(batch: RaggedBatch): RaggedBatch {
  return cubicPath("hermitePath", batch, hermitePieces);
}

function cubicPath(
  operation: string,
  batch: RaggedBatch,
  piecesOf: (channel: Channel) => readonly CubicPiece[],
): RaggedBatch {
  return pathOf(operation, batch, 4, (row) => {
    const pieces = row.map((channel) => {
      const own = piecesOf(channel);
      const a = own[0]?.a ?? filledLinearly(channel)[0] ?? 0;
      return [{ a, b: 0, twoC: 0, threeD: 0 }, ...own];
    });
    return Array.from(row[0] ?? [], (_, step) => {
      const at = pieces.map((channel) => nth(channel, step));
      return [
        ...at.map(({ a }) => a),
        ...at.map(({ b }) => b),
        ...at.map(({ twoC }) => twoC),
        ...at.map(({ threeD }) => threeD),
      ];
    });
  });
}

/** A piece for each step after the first. */
function naturalPieces(given: Channel): readonly CubicPiece[] {
  const channel = filledAtEnds(given);
  const knots = seenSteps(channel);
  const values = knots.map((step) => nth(channel, step));
  if (knots.length < 2) return still(channel);
  const slopes = naturalCubicSlopes(knots, values);
  return knots.slice(1).flatMap((to, i) => {
    const from = nth(knots, i);
    const piece = cubicPiece(to - from, [nth(values, i), nth(slopes, i)], [nth(values, i + 1), nth(slopes, i + 1)]);
    return Array.from({ length: to - from }, (_, s) => cubicPieceFrom(piece, s));
  });
}

/** The pieces of a channel that has no two values. */
const still = (channel: Channel): readonly CubicPiece[] =>
  Array.from(channel.subarray(1), () => ({ a: filledLinearly(channel)[0] ?? 0, b: 0, twoC: 0, threeD: 0 }));

/** The channel with the first observed value before it, and the last one after it. */
function filledAtEnds(channel: Channel): Channel {
  const seen = seenSteps(channel);
  const [first, last] = [seen[0], seen.at(-1)];
  if (first === undefined || last === undefined) return channel;
  return channel.map((value, step) => (step < first ? nth(channel, first) : step > last ? nth(channel, last) : value));
}

function hermitePieces(channel: Channel): readonly CubicPiece[] {
  const x = filledLinearly(channel);
  const rises = Array.from(x.subarray(1), (value, i) => value - nth(x, i));
  return rises.map((rise, i) => cubicPiece(1, [nth(x, i), rises[i - 1] ?? rise], [nth(x, i + 1), rise]));
}
