import { dense } from "@sluice/cells";
import { toPyTorch } from "@sluice/exchange";
import { specsOf } from "@sluice/params";
import { tensor, type ArrayTensor, type Shape, type Tensor, type Tree } from "@sluice/tensor";
import { sizeOf } from "@sluice/tensor/internal";
import { classes, raggedLengths, type Case } from "./cases.ts";
import { isBuiltIn, layerOf } from "./cells.ts";

/** The inputs of every contender of a case, by name, row-major: the same weights and the same batch. */
export type Named = Readonly<Record<string, ArrayTensor>>;

/**
 * - `params.W`, ...: weights in Sluice's layout; `torch.weight_ih_l0`, ...: the same weights of a built-in cell in
 *   PyTorch's layout; `dense.W`, `dense.b` for `adam`.
 * - `x` `[batch, time, input]`; `g` `[batch, time, hidden]`, the gradient that arrives at the output, 0 beyond a row's
 *   length; `lengths`, `labels` i32 `[batch]`.
 */
export function dataOf(of: Case): Named {
  const { batch, time, input, hidden } = of;
  const random = numbers(1);
  const layer = layerOf(of);
  const scale = 1 / Math.sqrt(hidden);
  const weights = (shape: Shape, centre = 0) => filled(shape, () => centre + scale * random());
  const params = Object.fromEntries(
    specsOf(layer.params).map(({ path, spec }) => [path, weights(spec.shape, spec.role === "norm" ? 1 : 0)]),
  );
  const lengths = of.kind === "ragged" ? raggedLengths(of) : Array.from({ length: batch }, () => time);
  return {
    ...under("params", params),
    ...(isBuiltIn(of) ? under("torch", toPyTorch(layer, params)) : {}),
    ...(of.kind === "adam" ? { "dense.W": weights([hidden, classes]), "dense.b": weights([classes]) } : {}),
    x: filled([batch, time, input], random),
    g: filled([batch, time, hidden], (i) => {
      const drawn = random();
      return Math.floor(i / hidden) % time < lengths[Math.floor(i / hidden / time)]! ? drawn : 0;
    }),
    lengths: tensor(lengths, [batch], { dtype: "i32" }),
    labels: tensor(
      lengths.map((_, row) => (7 * row) % classes),
      [batch],
      { dtype: "i32" },
    ),
  };
}

/** The tensors whose names begin with `prefix.`, without it. */
export function part(named: Named, prefix: string): Record<string, ArrayTensor> {
  const names = Object.keys(named).filter((name) => name.startsWith(`${prefix}.`));
  return Object.fromEntries(names.map((name) => [name.slice(prefix.length + 1), named[name]!]));
}

/** Gradients of a built-in cell under PyTorch's names, as some peers return them. */
export function gradientsLike(of: Case, ours: Named, theirs: Named): Named {
  if (!isBuiltIn(of) || !("grad.weight_ih_l0" in theirs)) return ours;
  const rest = Object.fromEntries(
    Object.entries(ours).filter(([name]) => !name.startsWith("grad.") || name === "grad.x"),
  );
  const { x: _, ...params } = part(ours, "grad");
  return { ...rest, ...under("grad", toPyTorch(layerOf(of), params)) };
}

export const denseLayer = ({ hidden }: Case) => dense({ input: hidden, output: classes });

/** The tensors under names that begin with `prefix.`. */
export function under(prefix: string, named: Readonly<Record<string, Tensor>>): Record<string, ArrayTensor> {
  return Object.fromEntries(Object.entries(named).map(([name, x]) => [`${prefix}.${name}`, arrayOf(x)]));
}

function arrayOf(x: Tree): ArrayTensor {
  if ("kind" in x && x.kind === "array") return x as ArrayTensor;
  throw new Error("expected a tensor with values");
}

function filled(shape: Shape, value: (i: number) => number): ArrayTensor {
  return tensor(
    Float32Array.from({ length: sizeOf(shape) }, (_, i) => value(i)),
    shape,
  );
}

/** Numbers in (-1, 1) from a linear congruential generator, which is good enough for timing and comparing sums. */
export function numbers(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2147483648 - 1;
  };
}
