import { gru, lstm, rnn, type Layer } from "@sluice/cells";
import { checkParameters, specsOf } from "@sluice/params";
import { TensorError, type Tensor, type Tree } from "@sluice/tensor";
import { checkOptions } from "@sluice/tensor/internal";
import { laidOut, type LaidOut } from "./cell.ts";
import { presentIn, type Named } from "./convert.ts";
import type { CellLayout, ExchangedCell, ExchangeOptions, WeightLayout } from "./layout.ts";
import { isBidirectional, isDense, isSequence, isSequential } from "./layers.ts";
import { exportParts, importParts, type Part } from "./parts.ts";
import { otherActivations, otherGates } from "./published.ts";

const library = "PyTorch";

const linear: readonly WeightLayout[] = [
  { name: "weight", parameters: "W", transpose: true },
  { name: "bias", parameters: "b" },
];

/** The gates are in the same order, and the matrices are transposed. */
const weights = (): readonly WeightLayout[] => [
  { name: "weight_ih_{layer}", parameters: "W", transpose: true },
  { name: "weight_hh_{layer}", parameters: "U", transpose: true },
  { name: "bias_ih_{layer}", parameters: "b" },
  { name: "bias_hh_{layer}", parameters: "bh", zerosLike: "b", unlessZeros: "make the cell with biases: 2" },
  { name: "weight_hr_{layer}", parameters: "P", transpose: true },
];

/** PyTorch's recurrent layers. */
const layouts: readonly CellLayout[] = [
  {
    cell: rnn,
    refuse: ({ options: { activation } }) =>
      activation === "tanh" || activation === "relu"
        ? undefined
        : `its RNN has the activations tanh and relu, not ${String(activation)}`,
    weights,
  },
  {
    cell: gru,
    refuse: (cell) =>
      otherActivations(cell) ??
      (cell.options["reset"] === "after"
        ? undefined
        : `its GRU applies the reset after the recurrent product; a gru with reset: "${String(cell.options["reset"])}" is a different network without an exact counterpart`),
    weights,
  },
  { cell: lstm, refuse: (cell) => otherActivations(cell) ?? otherGates(cell), weights },
];

/**
 * The weights in PyTorch's layout under its names. For `nn.RNN`, `nn.GRU` and `nn.LSTM`: `weight_ih_l0`
 * `[gates * hidden, input]`, `weight_hh_l0`, `bias_ih_l0`, `bias_hh_l0`, with `_reverse` for the backward direction and
 * `l1`, ... for the layers of a stack, and with projection `weight_hr_l0` `[projection, hidden]`. For `nn.Linear`:
 * `weight` and `bias`. No number is changed. For other cells pass a layout: `{ layouts: [layout] }`.
 *
 * A cell with one bias gets a `bias_hh` of zeros. That is the same function, but PyTorch then trains both. Throws an
 * error if PyTorch has no such layer: a GRU with reset before the product or none, an LSTM with peepholes, coupled
 * gates or no forget gate, normalization, other activations (`nn.Linear` has none), a merge other than concat, or a
 * modified step, as after zoneout. Variational dropout is ignored, because it does nothing in evaluation.
 */
export function toPyTorch<P extends Tree>(
  layer: Layer<P>,
  params: P,
  options?: ExchangeOptions,
): Record<string, Tensor>;
export function toPyTorch(layer: Layer, params: Tree, options: ExchangeOptions = {}): Record<string, Tensor> {
  checkOptions("toPyTorch", options, ["layouts"]);
  checkParameters("toPyTorch", layer.params, params);
  return exportParts(library, partsOf(layer, options), params);
}

/**
 * The parameters of a layer from PyTorch's weights (see {@link toPyTorch}). Unused weights are an error. A cell with
 * one bias accepts PyTorch's two only if `bias_hh` is zero; otherwise make the cell with `biases: 2`.
 */
export function fromPyTorch<P extends Tree>(layer: Layer<P>, named: Named, options?: ExchangeOptions): P;
export function fromPyTorch(layer: Layer, named: Named, options: ExchangeOptions = {}): Tree {
  checkOptions("fromPyTorch", options, ["layouts"]);
  return importParts(library, partsOf(layer, options), layer.params, named);
}

interface Recurrent extends Part {
  readonly of: LaidOut;
}

/** The parts of a layer in PyTorch's order, layer by layer, forward before reverse. */
function partsOf(layer: Layer, options: ExchangeOptions): readonly Part[] {
  if (isDense(layer)) {
    if (layer.activation !== "linear")
      throw new TensorError(
        "PyTorch: nn.Linear has no activation; make the dense layer without one and apply it to the output",
      );
    const paths = new Set(specsOf(layer.params).map(({ path }) => path));
    return [{ path: "", layer: "", weights: presentIn(linear, paths) }];
  }
  const known = [...(options.layouts ?? []), ...layouts];
  const parts = isSequential(layer)
    ? layer.layers.flatMap((inner, i) => directionsOf(inner, i, `${i}.`, known))
    : directionsOf(layer, 0, "", known);
  checkAlike(parts);
  return parts;
}

function directionsOf(layer: Layer, index: number, path: string, known: readonly CellLayout[]): Recurrent[] {
  if (isSequence(layer)) {
    if (layer.reverse)
      throw new TensorError(
        "PyTorch: no layer runs only from the last step to the first; use bidirectional, or reverse the input",
      );
    const of = laidOut(layer.cell, known, library);
    return [{ path, layer: `l${index}`, weights: of.weights, of }];
  }
  if (isBidirectional(layer)) {
    if (layer.merge !== "concat")
      throw new TensorError(`PyTorch: its directions are concatenated, not merged by ${layer.merge}`);
    const [forward, backward] = [layer.forward, layer.backward].map(({ cell }) => laidOut(cell, known, library));
    return [
      ...(forward === undefined
        ? []
        : [{ path: `${path}forward.`, layer: `l${index}`, weights: forward.weights, of: forward }]),
      ...(backward === undefined
        ? []
        : [{ path: `${path}backward.`, layer: `l${index}_reverse`, weights: backward.weights, of: backward }]),
    ];
  }
  throw new TensorError(`PyTorch: ${layer.name} is not a recurrent layer; convert it on its own`);
}

/** A PyTorch module has layers of one kind and size, and runs either all or none of them in both directions. */
function checkAlike(parts: readonly Recurrent[]): void {
  const [first] = parts;
  const same = ({ cell, layout }: LaidOut, other: LaidOut): boolean =>
    layout === other.layout &&
    cell.sizes.hidden === other.cell.sizes.hidden &&
    cell.options["projection"] === other.cell.options["projection"] &&
    cell.options["activation"] === other.cell.options["activation"] &&
    hasBias(cell) === hasBias(other.cell);
  const strange = parts.find(({ of }) => first !== undefined && !same(of, first.of));
  if (strange !== undefined) {
    throw new TensorError(
      `PyTorch: all layers of its ${first?.of.cell.name} are alike in kind, hidden size, projection, activation and bias; ${strange.layer} is not. Convert the layers one by one`,
    );
  }
  const backward = parts.filter(({ layer }) => layer.endsWith("_reverse")).length;
  if (backward !== 0 && 2 * backward !== parts.length) {
    throw new TensorError(
      "PyTorch: either all layers of a stack run in both directions or none; convert the layers one by one",
    );
  }
}

const hasBias = ({ parameters }: ExchangedCell): boolean => parameters.includes("b");
