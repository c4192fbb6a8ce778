import { isFloat, type DType } from "./dtype.ts";
import { TensorError } from "./errors.ts";
import { sameShape, showShape, type Shape } from "./shape.ts";
import { isTensor, type Tensor } from "./tensor.ts";
import { leavesOf, type Tree } from "./tree.ts";

/** The expected tensor at a path of a tree. */
export interface ExpectedLeaf {
  readonly path: string;
  readonly shape: Shape;
  /** Default: f32 or f64, the same for the whole tree. */
  readonly dtype?: DType;
}

/**
 * Compares a tree with the expected tensors, by path. The error begins with `operation`, names what the tree is
 * (`what`, such as `parameters`) and lists every tensor that is missing, unexpected, or has another shape or dtype.
 * Values are not read, so in a compiled function this costs nothing after recording.
 */
export function checkTree(operation: string, what: string, expected: readonly ExpectedLeaf[], given: Tree): void {
  const tensors = new Map(leavesWithin(operation, what, given).map(({ path, tensor }) => [path, tensor]));
  const float = expected
    .map(({ path, dtype }) => (dtype === undefined ? tensors.get(path)?.dtype : undefined))
    .find((dtype) => dtype !== undefined && isFloat(dtype));
  const problems = expected.flatMap((leaf) => problemOf(leaf, tensors.get(leaf.path), float));
  const known = new Set(expected.map(({ path }) => path));
  const extra = [...tensors]
    .filter(([path]) => !known.has(path))
    .map(([path, tensor]) => `unexpected ${place(path)} ${showShape(tensor.shape)}`);
  if (problems.length + extra.length > 0)
    throw new TensorError(`${operation}: the ${what} do not fit: ${[...problems, ...extra].join("; ")}`);
}

function problemOf(
  { path, shape, dtype }: ExpectedLeaf,
  tensor: Tensor | undefined,
  float: DType | undefined,
): string[] {
  if (tensor === undefined) return [`no ${place(path)}, expected ${showShape(shape)}`];
  const type = dtype ?? float ?? "f32";
  if (tensor.dtype !== type)
    return [`${place(path)} is ${tensor.dtype} ${showShape(tensor.shape)}, expected ${type} ${showShape(shape)}`];
  return sameShape(tensor.shape, shape)
    ? []
    : [`${place(path)} is ${showShape(tensor.shape)}, expected ${showShape(shape)}`];
}

function leavesWithin(operation: string, what: string, given: Tree): ReturnType<typeof leavesOf> {
  if (isTensor(given) || (typeof given === "object" && given !== null)) return leavesOf(given);
  throw new TensorError(`${operation}: expected the ${what} as a tree of tensors, got ${String(given)}`);
}

const place = (path: string): string => (path === "" ? "the root" : path);
