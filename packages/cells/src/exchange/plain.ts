/** What the cells of other libraries can hold of a cell of ours. */
import { isTensor, leavesOf, TensorError, type Shape, type Tensor, type Tree } from "@sluice/tensor";
import { sameShape, showShape, suggestion } from "@sluice/tensor/internal";
import { originOf, type Cell } from "../cell.ts";
import { gru } from "../cells/gru.ts";
import { lstm } from "../cells/lstm.ts";
import { rnn } from "../cells/rnn.ts";

export type Named = Readonly<Record<string, Tensor>>;

export interface PlainCell {
  readonly kind: "rnn" | "gru" | "lstm";
  readonly input: number;
  readonly hidden: number;
  /** Blocks side by side in the matrices. */
  readonly gates: number;
  readonly biases: 0 | 1 | 2;
  readonly reset: "after" | "before";
  readonly activation: unknown;
}

const gates = { rnn: 1, gru: 3, lstm: 4 } as const;

/**
 * The cell's facts, if it is one of the three base cells as `library` has them; an error that says what it lacks
 * otherwise.
 */
export function plainCell(cell: Cell, library: string): PlainCell {
  const origin = originOf(cell);
  if (origin === undefined && cell.origin !== undefined) {
    throw new TensorError(
      `${library}: ${cell.name} has another step or other parameters than it was made with, as after zoneout, and ${library} has no such cell; for its weights alone, give the layer of the cell before that`,
    );
  }
  const { definition, options = {} } = origin ?? {};
  const kind =
    definition === rnn.definition
      ? "rnn"
      : definition === gru.definition
        ? "gru"
        : definition === lstm.definition
          ? "lstm"
          : undefined;
  if (kind === undefined)
    throw new TensorError(`${library}: it has no ${cell.name}; rnn, gru and lstm can be exchanged`);
  if ("norm" in cell.params)
    throw new TensorError(
      `${library}: its ${kind} has no normalization, so the gains and biases of ${cell.name}.norm have no place there`,
    );
  if (kind !== "rnn" && (options["activation"] !== "tanh" || options["recurrentActivation"] !== "sigmoid")) {
    throw new TensorError(
      `${library}: the ${kind} must have activation tanh and recurrentActivation sigmoid to be exchanged`,
    );
  }
  const names = Object.keys(cell.params);
  return {
    kind,
    ...cell.sizes,
    gates: gates[kind],
    biases: names.includes("bh") ? 2 : names.includes("b") ? 1 : 0,
    reset: options["reset"] === "before" ? "before" : "after",
    activation: options["activation"],
  };
}

/** A cell's own parameter. */
export function weightOf(params: Tree, name: string, shape: Shape): Tensor {
  return checked(
    Object.fromEntries(leavesOf(params).map(({ path, tensor }) => [path, tensor])),
    name,
    shape,
    "parameters",
  );
}

/** The tensor `name` of `named`, of the given shape. */
export function checked(named: Named, name: string, shape: Shape, where: string): Tensor {
  const found = Object.hasOwn(named, name) ? named[name] : undefined;
  if (found === undefined)
    throw new TensorError(`${where}: no ${name}; there are ${Object.keys(named).join(", ") || "none"}`);
  if (!isTensor(found) || !sameShape(found.shape, shape))
    throw new TensorError(
      `${where}: ${name} must be ${showShape(shape)}, got ${isTensor(found) ? showShape(found.shape) : String(found)}`,
    );
  return found;
}

/** Rejects tensors that the layer has no place for. */
export function checkNames(named: Named, expected: readonly string[], where: string): void {
  const strange = Object.keys(named).find((name) => !expected.includes(name));
  if (strange !== undefined)
    throw new TensorError(`${where}: the layer has no place for ${strange}; ${suggestion(strange, expected)}`);
}

/** Whether all values are zero; symbols have none to look at. */
export function isZero(x: Tensor): boolean {
  return x.kind === "array" && x.data.every((value) => value === 0);
}
