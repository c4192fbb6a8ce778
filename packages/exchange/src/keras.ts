import { gru, lstm, rnn, type Layer } from "@sluice/cells";
import { checkParameters, specsOf } from "@sluice/params";
import { TensorError, type Tensor, type Tree } from "@sluice/tensor";
import { checkOptions } from "@sluice/tensor/internal";
import { laidOut } from "./cell.ts";
import { presentIn, type Named } from "./convert.ts";
import type { CellLayout, ExchangedCell, ExchangeOptions, WeightLayout } from "./layout.ts";
import { isDense, isSequence } from "./layers.ts";
import { exportParts, importParts, type Part } from "./parts.ts";
import { otherActivations, otherGates } from "./published.ts";

const library = "Keras";

const dense: readonly WeightLayout[] = [
  { name: "kernel", parameters: "W" },
  { name: "bias", parameters: "b" },
];

const oneBias = (): readonly WeightLayout[] => [
  { name: "kernel", parameters: "W" },
  { name: "recurrent_kernel", parameters: "U" },
  { name: "bias", parameters: "b" },
];

/** Keras orders a GRU's gates z, r, h. With reset after the product its bias has two rows. */
function gruWeights({ options }: ExchangedCell): readonly WeightLayout[] {
  const gates = { blocks: 3, order: [1, 0, 2] };
  return [
    { name: "kernel", parameters: "W", gates },
    { name: "recurrent_kernel", parameters: "U", gates },
    options["reset"] === "before"
      ? { name: "bias", parameters: "b", gates }
      : {
          name: "bias",
          parameters: ["b", "bh"],
          gates,
          zerosLike: "b",
          unlessZeros: "make the cell with biases: 2",
        },
  ];
}

const twoBiases = ({ name, parameters }: ExchangedCell, which = ""): string | undefined =>
  parameters.includes("bh")
    ? `its ${name}${which} has one bias; the sum of two would be rounded. Make the cell with biases: 1`
    : undefined;

const refusedLstm = (cell: ExchangedCell): string | undefined =>
  otherActivations(cell) ??
  otherGates(cell) ??
  (cell.options["projection"] === undefined ? twoBiases(cell) : "its lstm has no projection");

/** Keras's recurrent layers. */
const layouts: readonly CellLayout[] = [
  { cell: rnn, refuse: (cell) => twoBiases(cell), weights: oneBias },
  {
    cell: gru,
    refuse: (cell) =>
      otherActivations(cell) ??
      (cell.options["reset"] === "none"
        ? 'its GRU has a reset gate; a gru with reset: "none" is a different network without an exact counterpart'
        : cell.options["reset"] === "before"
          ? twoBiases(cell, " with reset before")
          : undefined),
    weights: gruWeights,
  },
  { cell: lstm, refuse: refusedLstm, weights: oneBias },
];

/**
 * The weights of one layer in Keras's layout: `kernel` `[input, gates * units]`, `recurrent_kernel` and `bias`, for
 * `SimpleRNN`, `GRU`, `LSTM` and `Dense`. Keras orders a GRU's gates z, r, h. Its bias is `[2, 3 * units]` with reset
 * after the product and `[3 * units]` with reset before. For other cells pass a layout: `{ layouts: [layout] }`.
 *
 * Throws an error if Keras has no such layer: an RNN, an LSTM or a GRU with reset before that has two biases, a GRU
 * without reset, an LSTM with peepholes, projection, coupled gates or no forget gate, or normalization.
 */
export function toKeras<P extends Tree>(layer: Layer<P>, params: P, options?: ExchangeOptions): Record<string, Tensor>;
export function toKeras(layer: Layer, params: Tree, options: ExchangeOptions = {}): Record<string, Tensor> {
  checkOptions("toKeras", options, ["layouts"]);
  checkParameters("toKeras", layer.params, params);
  return exportParts(library, [partOf(layer, options)], params);
}

/** The parameters of one layer from Keras's weights (see {@link toKeras}). Unused weights are an error. */
export function fromKeras<P extends Tree>(layer: Layer<P>, named: Named, options?: ExchangeOptions): P;
export function fromKeras(layer: Layer, named: Named, options: ExchangeOptions = {}): Tree {
  checkOptions("fromKeras", options, ["layouts"]);
  return importParts(library, [partOf(layer, options)], layer.params, named);
}

function partOf(layer: Layer, { layouts: own = [] }: ExchangeOptions): Part {
  if (isDense(layer)) {
    const paths = new Set(specsOf(layer.params).map(({ path }) => path));
    return { path: "", layer: "", weights: presentIn(dense, paths) };
  }
  if (!isSequence(layer))
    throw new TensorError(
      `Keras: ${layer.name} does not correspond to a single Keras layer; convert its layers one by one`,
    );
  return { path: "", layer: "", weights: laidOut(layer.cell, [...own, ...layouts], library).weights };
}
