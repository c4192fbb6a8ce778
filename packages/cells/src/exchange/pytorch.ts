import { TensorError, transpose, zerosLike, type Tensor, type Tree } from "@sluice/tensor";
import type { Cell } from "../cell.ts";
import { childOf } from "../layers/arguments.ts";
import { checkParameters } from "@sluice/params";
import type { Layer } from "../layers/layer.ts";
import { isBidirectional, isDense, isSequence, isStack } from "./layers.ts";
import { checked, checkNames, isZero, plainCell, weightOf, type Named, type PlainCell } from "./plain.ts";

/**
 * The weights under PyTorch's names and in its layout: of `nn.RNN`, `nn.GRU` and `nn.LSTM`, `weight_ih_l0` `[gates *
 * hidden, input]`, `weight_hh_l0`, `bias_ih_l0`, `bias_hh_l0`, with `_reverse` for the backward direction and `l1`, ...
 * for the layers of a stack; of `nn.Linear`, `weight` and `bias`. The gates stand in the same order there, so every
 * number is kept as it is.
 *
 * A cell with one bias becomes `bias_ih` beside a `bias_hh` of zeros: the same function, but in training PyTorch then
 * moves both. An error says where PyTorch has no such layer: the GRU's reset before the product, normalization, other
 * activations (`nn.Linear` has none), a merge other than concat, and a cell with another step than its own, as after
 * zoneout. Variational dropout is no obstacle, since in evaluation it does nothing.
 */
export function toPyTorch<P extends Tree>(layer: Layer<P>, params: P): Record<string, Tensor>;
export function toPyTorch(layer: Layer, params: Tree): Record<string, Tensor> {
  checkParameters("toPyTorch", layer.params, params);
  if (isDense(layer)) {
    if (layer.activation !== "linear")
      throw new TensorError(
        "PyTorch: nn.Linear has no activation; make the dense layer without one and apply it to the output",
      );
    const W = weightOf(params, "W", [layer.input, layer.features]);
    return { weight: transpose(W), ...("b" in layer.params ? { bias: weightOf(params, "b", [layer.features]) } : {}) };
  }
  return Object.assign(
    {},
    ...partsOf(layer).map(({ cell, suffix, path }) => exported(cell, suffix, descend(params, path))),
  );
}

/**
 * Parameters of a layer from PyTorch's weights (see {@link toPyTorch}); every weight must have its place. A cell with
 * one bias takes PyTorch's two only where `bias_hh` is zero: make the cell with `biases: 2` otherwise.
 */
export function fromPyTorch<P extends Tree>(layer: Layer<P>, named: Named): P;
export function fromPyTorch(layer: Layer, named: Named): Tree {
  if (isDense(layer)) {
    const bias = "b" in layer.params;
    checkNames(named, ["weight", ...(bias ? ["bias"] : [])], where);
    const W = transpose(checked(named, "weight", [layer.features, layer.input], where));
    return { W, ...(bias ? { b: checked(named, "bias", [layer.features], where) } : {}) };
  }
  const parts = partsOf(layer);
  checkNames(
    named,
    parts.flatMap(({ cell, suffix }) => namesOf(cell, suffix)),
    where,
  );
  const imports = parts.map(({ cell, suffix, path }) => ({ path, weights: imported(cell, suffix, named) }));
  return assemble(imports);
}

const where = "PyTorch";

interface Part {
  readonly cell: PlainCell;
  /** `l0`, `l0_reverse`, ... */
  readonly suffix: string;
  /** Where the cell's parameters are in those of the layer. */
  readonly path: readonly string[];
}

/** The cells of a layer in PyTorch's order, layer by layer, forward before reverse. */
function partsOf(layer: Layer): Part[] {
  const parts = isStack(layer)
    ? layer.layers.flatMap((inner, i) => directionsOf(inner, i, [String(i)]))
    : directionsOf(layer, 0, []);
  const [first] = parts;
  for (const { cell, suffix } of parts) {
    if (
      cell.kind === first?.cell.kind &&
      cell.hidden === first.cell.hidden &&
      cell.activation === first.cell.activation &&
      cell.biases > 0 === first.cell.biases > 0
    )
      continue;
    throw new TensorError(
      `PyTorch: all layers of its ${first?.cell.kind} are alike in kind, hidden size, activation and bias; ${suffix} is not. Convert the layers one by one`,
    );
  }
  const backward = parts.filter(({ suffix }) => suffix.endsWith("_reverse")).length;
  if (backward !== 0 && 2 * backward !== parts.length) {
    throw new TensorError(
      "PyTorch: either all layers of a stack run in both directions or none; convert the layers one by one",
    );
  }
  return parts;
}

function directionsOf(layer: Layer, index: number, path: readonly string[]): Part[] {
  if (isSequence(layer)) {
    if (layer.reverse)
      throw new TensorError(
        "PyTorch: no layer runs only from the last step to the first; use bidirectional, or reverse the input",
      );
    return [{ cell: pytorchCell(layer.cell), suffix: `l${index}`, path }];
  }
  if (isBidirectional(layer)) {
    if (layer.merge !== "concat")
      throw new TensorError(`PyTorch: its directions are concatenated, not merged by ${layer.merge}`);
    return [
      { cell: pytorchCell(layer.forward.cell), suffix: `l${index}`, path: [...path, "forward"] },
      { cell: pytorchCell(layer.backward.cell), suffix: `l${index}_reverse`, path: [...path, "backward"] },
    ];
  }
  throw new TensorError(`PyTorch: ${layer.name} is no recurrent layer; convert it on its own`);
}

function pytorchCell(cell: Cell): PlainCell {
  const plain = plainCell(cell, where);
  if (plain.reset === "before") {
    throw new TensorError(
      'PyTorch: its GRU applies the reset after the recurrent product; a gru with reset: "before" is another network and has no exact counterpart',
    );
  }
  if (plain.kind === "rnn" && plain.activation !== "tanh" && plain.activation !== "relu") {
    throw new TensorError(`PyTorch: its RNN has the activations tanh and relu, not ${String(plain.activation)}`);
  }
  return plain;
}

function namesOf({ biases }: PlainCell, suffix: string): string[] {
  return [
    `weight_ih_${suffix}`,
    `weight_hh_${suffix}`,
    ...(biases === 0 ? [] : [`bias_ih_${suffix}`, `bias_hh_${suffix}`]),
  ];
}

function exported({ input, hidden, gates, biases }: PlainCell, suffix: string, params: Tree): Record<string, Tensor> {
  const width = gates * hidden;
  const W = transpose(weightOf(params, "W", [input, width]));
  const U = transpose(weightOf(params, "U", [hidden, width]));
  if (biases === 0) return { [`weight_ih_${suffix}`]: W, [`weight_hh_${suffix}`]: U };
  const b = weightOf(params, "b", [width]);
  const bh = biases === 2 ? weightOf(params, "bh", [width]) : zerosLike(b);
  return {
    [`weight_ih_${suffix}`]: W,
    [`weight_hh_${suffix}`]: U,
    [`bias_ih_${suffix}`]: b,
    [`bias_hh_${suffix}`]: bh,
  };
}

function imported(
  { input, hidden, gates, biases }: PlainCell,
  suffix: string,
  named: Named,
): { readonly [name: string]: Tensor } {
  const width = gates * hidden;
  const W = transpose(checked(named, `weight_ih_${suffix}`, [width, input], where));
  const U = transpose(checked(named, `weight_hh_${suffix}`, [width, hidden], where));
  if (biases === 0) return { W, U };
  const b = checked(named, `bias_ih_${suffix}`, [width], where);
  const bh = checked(named, `bias_hh_${suffix}`, [width], where);
  if (biases === 2) return { W, U, b, bh };
  if (!isZero(bh))
    throw new TensorError(
      `PyTorch: the cell has one bias, and bias_hh_${suffix} is not zero, so two do not become one exactly; make the cell with biases: 2`,
    );
  return { W, U, b };
}

function descend(params: Tree, path: readonly string[]): Tree {
  return path.reduce((tree, name) => childOf(tree, name, "parameters"), params);
}

/** Lists where all names are positions, objects otherwise. */
function assemble(parts: readonly { readonly path: readonly string[]; readonly weights: Tree }[]): Tree {
  const [only] = parts;
  if (only !== undefined && only.path.length === 0) return only.weights;
  const names = [...new Set(parts.map(({ path }) => path[0]!))];
  const children = names.map((name) => {
    const below = parts
      .filter(({ path }) => path[0] === name)
      .map(({ path, weights }) => ({ path: path.slice(1), weights }));
    return [name, assemble(below)] as const;
  });
  return names.every((name, i) => name === String(i))
    ? children.map(([, child]) => child)
    : Object.fromEntries(children);
}
