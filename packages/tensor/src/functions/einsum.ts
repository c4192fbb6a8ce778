import { checkDType, checkTensor } from "../arguments.ts";
import { floats } from "../dtype.ts";
import { TensorError } from "../errors.ts";
import { mul } from "../primitives/arithmetic.ts";
import { gather, iota } from "../primitives/indexing.ts";
import { reshape, transpose } from "../primitives/layout.ts";
import { matmul } from "../primitives/matmul.ts";
import { sum } from "../primitives/reduce.ts";
import { sizeOf } from "../shape.ts";
import { describe, type Tensor } from "../tensor.ts";

/** A tensor and a letter for each of its axes. */
interface Named {
  readonly x: Tensor;
  readonly axes: readonly string[];
}

/**
 * A sum of products over named axes, as in NumPy: `einsum("bij,bjk->bik", a, b)` is a matrix product for each b. Each
 * letter names an axis and has the same length everywhere. Axes that are not in the result are summed over. An axis
 * that appears twice in one operand is its diagonal. The result must be given; `"ij->"` is the sum of all elements.
 *
 * Operands are contracted from left to right, two at a time, each time as one (batched) matrix product.
 */
export function einsum(equation: string, ...operands: readonly Tensor[]): Tensor {
  const fail = (why: string): never => {
    throw new TensorError(`einsum "${equation}": ${why}`);
  };
  const [left, right, ...more] = equation.replaceAll(" ", "").split("->");
  if (left === undefined || right === undefined || more.length > 0)
    return fail('expected one "->" between operands and result, as in "ij,jk->ik"');
  const terms = left.split(",");
  if (terms.length !== operands.length)
    return fail(`it names ${terms.length} operands, got ${operands.length} tensors`);
  const sizes = new Map<string, { readonly size: number; readonly where: string }>();
  const named = operands.map((x, i): Named => {
    checkTensor("einsum", `operand ${i + 1}`, x);
    checkDType("einsum", floats, x);
    const axes = [...(terms[i] ?? "")];
    if (axes.length !== x.shape.length)
      return fail(`operand ${i + 1} ${describe(x)} has ${x.shape.length} axes, but ${terms[i]} names ${axes.length}`);
    axes.forEach((axis, at) => {
      if (!/^[a-zA-Z]$/.test(axis)) fail(`an axis is a letter, got ${axis}`);
      const [size, where] = [x.shape[at] ?? 0, `operand ${i + 1} ${describe(x)}`];
      const known = sizes.get(axis);
      if (known !== undefined && known.size !== size)
        fail(`axis ${axis} is ${known.size} in ${known.where} and ${size} in ${where}`);
      sizes.set(axis, { size, where });
    });
    return { x, axes };
  });
  const result = [...right];
  for (const axis of result) {
    if (!sizes.has(axis)) fail(`the result has axis ${axis}, but no operand does`);
    if (result.indexOf(axis) !== result.lastIndexOf(axis)) fail(`the result has axis ${axis} twice`);
  }
  return contractAll(named.map(withoutRepeats), result);
}

function contractAll(operands: readonly Named[], result: readonly string[]): Tensor {
  const [first, ...others] = operands;
  if (first === undefined) throw new TensorError("einsum: expected at least one tensor");
  const wantedAfter = (i: number): ReadonlySet<string> =>
    new Set([...result, ...others.slice(i).flatMap(({ axes }) => axes)]);
  let total = summed(first, wantedAfter(0));
  others.forEach((other, i) => {
    const wanted = wantedAfter(i + 1);
    total = contract(total, summed(other, new Set([...wanted, ...total.axes])), wanted);
  });
  return arranged(summed(total, new Set(result)), result);
}

/** Sums over the axes that the result does not name. */
function summed({ x, axes }: Named, wanted: ReadonlySet<string>): Named {
  const gone = axes.flatMap((axis, i) => (wanted.has(axis) ? [] : [i]));
  return gone.length === 0 ? { x, axes } : { x: sum(x, gone), axes: axes.filter((axis) => wanted.has(axis)) };
}

function arranged({ x, axes }: Named, order: readonly string[]): Tensor {
  return transpose(
    x,
    order.map((axis) => axes.indexOf(axis)),
  );
}

function contract(a: Named, b: Named, wanted: ReadonlySet<string>): Named {
  const left = summed(a, new Set([...wanted, ...b.axes]));
  const shared = left.axes.filter((axis) => b.axes.includes(axis));
  const batch = shared.filter((axis) => wanted.has(axis));
  const inner = shared.filter((axis) => !wanted.has(axis));
  const rows = left.axes.filter((axis) => !shared.includes(axis));
  const columns = b.axes.filter((axis) => !shared.includes(axis));
  const lengths = (axes: readonly string[]): number[] =>
    axes.map((axis) => left.x.shape[left.axes.indexOf(axis)] ?? b.x.shape[b.axes.indexOf(axis)] ?? 1);
  const axes = [...batch, ...rows, ...columns];
  if (inner.length === 0) {
    const x = reshape(arranged(left, [...batch, ...rows]), [...lengths([...batch, ...rows]), ...columns.map(() => 1)]);
    const y = reshape(arranged(b, [...batch, ...columns]), [
      ...lengths(batch),
      ...rows.map(() => 1),
      ...lengths(columns),
    ]);
    return { x: mul(x, y), axes };
  }
  const [m, k, n] = [rows, inner, columns].map((group) => sizeOf(lengths(group)));
  const many = batch.length === 0 ? [] : [sizeOf(lengths(batch))];
  const product = matmul(
    reshape(arranged(left, [...batch, ...rows, ...inner]), [...many, m ?? 1, k ?? 1]),
    reshape(arranged(b, [...batch, ...inner, ...columns]), [...many, k ?? 1, n ?? 1]),
  );
  return { x: reshape(product, lengths(axes)), axes };
}

/** The diagonal of axes that appear twice. */
function withoutRepeats({ x, axes }: Named): Named {
  const again = axes.findIndex((axis, i) => axes.indexOf(axis) < i);
  if (again < 0) return { x, axes };
  const first = axes.indexOf(axes[again] ?? "");
  const others = [...axes.keys()].filter((axis) => axis !== first && axis !== again);
  const n = x.shape[first] ?? 0;
  const rest = others.map((axis) => x.shape[axis] ?? 0);
  const rows = reshape(transpose(x, [first, again, ...others]), [n * n, ...rest]);
  const diagonal = n === 0 ? reshape(rows, [0, ...rest]) : gather(rows, mul(iota([n]), n + 1));
  return withoutRepeats({ x: diagonal, axes: [axes[first] ?? "", ...others.map((axis) => axes[axis] ?? "")] });
}
