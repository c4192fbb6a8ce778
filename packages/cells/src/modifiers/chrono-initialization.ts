import { randomUniform, specsOf, type Initializer, type ParameterSpec } from "@sluice/params";
import { tensor, TensorError, type ArrayTensor, type Tree } from "@sluice/tensor";
import { checkOptions, logF64, suggestion } from "@sluice/tensor/internal";
import type { Cell } from "../cell/cell.ts";
import { checkCell } from "../cell/check-cell.ts";
import type { State } from "../cell/states.ts";
import { withInitializers } from "./with-initializers.ts";

/** Options of {@link chronoInitialization}. */
export interface ChronoInitializationOptions {
  /** T_max, the longest span of time to be remembered, in steps; above 2. */
  readonly maxTime: number;
  /** Which of the bias's gates keeps the state, counted from 0. */
  readonly forget: number;
  /** Which of the gates lets new values in. Default: none, for cells whose forget gate decides about that too. */
  readonly input?: number;
  /** The path of the bias. Default `b`. */
  readonly bias?: string;
}

/**
 * Chrono initialization (Tallec and Ollivier 2018, arXiv:1804.11188): initial biases with which units forget over
 * spans of time up to T_max, a different one for each unit:
 *
 *     b_f ~ log U(1, T_max - 1)
 *     b_i = -b_f
 *
 * The gates are counted in the order of the cell's bias: `{ forget: 1, input: 0 }` for `lstm`, `{ forget: 1 }` for
 * `gru`, whose update gate keeps the state, and `{ forget: 0 }` for `janet`. Other gates keep their initial biases. The
 * option `forgetBias` of `lstm` has no effect then. Throws a TensorError if there is no such bias or gate.
 */
export function chronoInitialization<P extends Tree, S extends State>(
  cell: Cell<P, S>,
  options: ChronoInitializationOptions,
): Cell<P, S> {
  checkCell("chronoInitialization", cell);
  const operation = `chronoInitialization of ${cell.name}`;
  checkOptions(operation, options, ["maxTime", "forget", "input", "bias"], { tMax: "maxTime", max: "maxTime" });
  const { maxTime, bias: path = "b" } = options;
  if (!(maxTime > 2 && maxTime < Infinity))
    throw new TensorError(`${operation}: maxTime must be finite and above 2, got ${String(maxTime)}`);
  const biases = specsOf(cell.params).filter(({ spec }) => spec.shape.length === 1);
  const bias = biases.find((leaf) => leaf.path === path);
  if (bias === undefined)
    throw new TensorError(
      `${operation}: there is no bias ${path}; ${suggestion(
        path,
        biases.map((leaf) => leaf.path),
      )}`,
    );
  const [width = 0] = bias.spec.shape;
  const { hidden } = cell.sizes;
  for (const [name, gate] of [
    ["forget", options.forget],
    ["input", options.input ?? 0],
  ] as const)
    if (!(Number.isInteger(gate) && gate >= 0 && (gate + 1) * hidden <= width))
      throw new TensorError(
        `${operation}: ${name} is gate ${String(gate)}, but ${path} [${width}] has ${width / hidden} gates of ${hidden}, counted from 0`,
      );
  return withInitializers(cell, new Map([[path, chrono(options, hidden)]]));
}

/** The spec of a bias, with the biases of one or two gates drawn. */
function chrono({ maxTime, forget, input }: ChronoInitializationOptions, hidden: number) {
  return ({ adjust = (b) => b, ...spec }: ParameterSpec): ParameterSpec => {
    const initializer: Initializer = (key, shape, sizes): ArrayTensor => {
      const drawn = randomUniform({ low: 1, high: maxTime - 1 })(key, [hidden], sizes);
      const b = Array.from(adjust(spec.initializer(key, shape, sizes)).data, Number);
      Array.from(drawn.data, (u) => logF64(Number(u))).forEach((bf, unit) => {
        b[forget * hidden + unit] = bf;
        if (input !== undefined) b[input * hidden + unit] = -bf;
      });
      return tensor(b, shape, { dtype: "f64" });
    };
    return { ...spec, initializer };
  };
}
