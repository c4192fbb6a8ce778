import {
  convert,
  full,
  isTensor,
  key,
  keyFor,
  TensorError,
  type DType,
  type Shape,
  type Tensor,
  type Tree,
} from "@sluice/tensor";
import { checkOptions, checkTree, isFloat, sameShape, shown, showShape } from "@sluice/tensor/internal";
import type { Initializer } from "./initializers/initializer.ts";

/**
 * The spec of a buffer: a tensor besides the parameters that training changes without a gradient, such as the running
 * statistics of batch normalization.
 */
export interface BufferSpec {
  readonly kind: "buffer";
  readonly shape: Shape;
  /** Default f32, which is f64 where the parameters are. */
  readonly dtype: "f32" | "i32" | "bool";
  /** A number, or an initializer that draws with a fixed key. */
  readonly initial: number | Initializer;
}

/** Buffers in nested plain objects and arrays; the path to a spec is the buffer's name. */
export type BufferSpecs = BufferSpec | readonly BufferSpecs[] | { readonly [name: string]: BufferSpecs };

/** Options of a buffer's spec. */
export interface BufferOptions {
  /** Default f32. */
  readonly dtype?: BufferSpec["dtype"];
  /** Default 0. */
  readonly initial?: BufferSpec["initial"];
}

/** A buffer of a shape: `buffer([64], { initial: 1 })`. */
export function buffer(shape: Shape, options: BufferOptions = {}): BufferSpec {
  checkOptions("buffer", options, ["dtype", "initial"], { initializer: "initial", init: "initial", type: "dtype" });
  return { kind: "buffer", shape, dtype: options.dtype ?? "f32", initial: options.initial ?? 0 };
}

/** A buffer of a tree of specs, with its path. */
export interface BufferLeaf {
  readonly path: string;
  readonly spec: BufferSpec;
}

/** The buffer specs of a tree in order, each with its path. */
export function buffersOf(specs: BufferSpecs, path = ""): BufferLeaf[] {
  if (isBuffer(specs)) return [{ path, spec: specs }];
  if (typeof specs !== "object" || specs === null || isTensor(specs))
    throw new TensorError(
      `buffers: ${path === "" ? "the tree" : path} is ${shown(specs)}, expected a buffer such as buffer([64]), or an object or list of them`,
    );
  return Object.entries<BufferSpecs>(specs).flatMap(([name, child]) =>
    buffersOf(child, path === "" ? name : `${path}.${name}`),
  );
}

/** Options for making the initial buffers. */
export interface InitialBuffersOptions {
  /** The dtype of float buffers. Default f32. */
  readonly dtype?: DType;
}

/** The values of buffers before the first training step, nested like their specs. */
export function initialBuffers(specs: BufferSpecs, options: InitialBuffersOptions = {}): Tree {
  checkOptions("initialBuffers", options, ["dtype"]);
  const float = options.dtype ?? "f32";
  return mapBuffers(specs, ({ shape, dtype, initial }, path) => {
    const actual = isFloat(dtype) ? float : dtype;
    if (typeof initial === "number") return full(shape, initial, actual);
    const drawn = initial(keyFor(key(0), `buffer.${path}`), shape, {});
    if (sameShape(drawn.shape, shape)) return convert(drawn, actual);
    throw new TensorError(
      `initialBuffers: the initializer of ${path} must give an array ${showShape(shape)}, got ${showShape(drawn.shape)}`,
    );
  });
}

/** The tree of tensors that `f` makes from every buffer's spec. */
export function mapBuffers(specs: BufferSpecs, f: (spec: BufferSpec, path: string) => Tensor, path = ""): Tree {
  if (isBuffer(specs)) return f(specs, path);
  const below = (name: string | number): string => (path === "" ? String(name) : `${path}.${name}`);
  if (isList(specs)) return specs.map((child, i) => mapBuffers(child, f, below(i)));
  return Object.fromEntries(Object.entries(specs).map(([name, child]) => [name, mapBuffers(child, f, below(name))]));
}

/**
 * Compares buffers with their specs, by path. The error starts with `operation` and names every buffer that is missing,
 * unexpected, or of another shape or dtype. Float buffers have the dtype `float`.
 */
export function checkBuffers(operation: string, specs: BufferSpecs, given: Tree | undefined, float: DType): void {
  const expected = buffersOf(specs).map(({ path, spec: { shape, dtype } }) => ({
    path,
    shape,
    dtype: isFloat(dtype) ? float : dtype,
  }));
  if (given === undefined && expected.length > 0)
    throw new TensorError(
      `${operation}: buffers are missing: ${expected.map(({ path }) => path).join(", ")}; pass buffers: initialBuffers(), or those that training returned`,
    );
  checkTree(operation, "buffers", expected, given ?? {});
}

function isBuffer(specs: BufferSpecs): specs is BufferSpec {
  return typeof specs === "object" && specs !== null && "kind" in specs && specs.kind === "buffer";
}

function isList(specs: BufferSpecs): specs is readonly BufferSpecs[] {
  return Array.isArray(specs);
}
