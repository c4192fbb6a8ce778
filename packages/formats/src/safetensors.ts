import { leavesOf, tensor, TensorError, type ArrayTensor, type Bytes, type DType, type Tree } from "@sluice/tensor";
import { describe, isArray, shown, showShape, sizeOf } from "@sluice/tensor/internal";
import { bytesOf, valuesFrom, widths } from "./bytes.ts";

/*
 * safetensors (github.com/huggingface/safetensors): the length of the header as u64, the header as JSON, `{ name: {
 * dtype, shape, data_offsets } }` and `__metadata__` of strings, then the tensors, row-major and little-endian, without
 * gaps.
 */

/** The contents of a safetensors file: tensors by name, and metadata strings by name. */
export interface Safetensors {
  readonly tensors: Readonly<Record<string, ArrayTensor>>;
  readonly metadata: Readonly<Record<string, string>>;
}

/** A file that cannot be read, with the reason. */
export class SafetensorsError extends Error {
  constructor(problem: string, options?: ErrorOptions) {
    super(`safetensors: ${problem}`, options);
    this.name = "SafetensorsError";
  }
}

const tags: Readonly<Record<DType, string>> = { f64: "F64", f32: "F32", i32: "I32", bool: "BOOL" };
const dtypes = new Map<string, DType>([
  ["F64", "f64"],
  ["F32", "f32"],
  ["I32", "i32"],
  ["BOOL", "bool"],
]);
const metadataName = "__metadata__";

/**
 * Writes a tree of arrays as a safetensors file; names are paths. Tensors with wide elements come first, then in order
 * of names. The header is padded with spaces to a multiple of 8, so every tensor is aligned. The same tensors give the
 * same bytes.
 */
export function writeSafetensors(tree: Tree, metadata: Readonly<Record<string, string>> = {}): Bytes {
  const named = new Map<string, ArrayTensor>();
  for (const { path, tensor: x } of leavesOf(tree)) {
    if (!isArray(x)) throw new TensorError(`writeSafetensors: ${path} ${describe(x)} is a symbol without values`);
    if (named.has(path) || path === metadataName)
      throw new TensorError(
        `writeSafetensors: the name ${path} ${named.has(path) ? "stands for two tensors" : "is reserved"}`,
      );
    named.set(path, x);
  }
  const order = [...named].sort(([a, x], [b, y]) => widths[y.dtype] - widths[x.dtype] || compareNames(a, b));
  let offset = 0;
  const entries = order.map(([name, x]): [string, unknown] => {
    const begin = offset;
    offset += sizeOf(x.shape) * widths[x.dtype];
    return [name, { dtype: tags[x.dtype], shape: x.shape, data_offsets: [begin, offset] }];
  });
  const json = JSON.stringify(
    Object.fromEntries([
      ...(Object.keys(metadata).length === 0 ? [] : [[metadataName, metadata] as const]),
      ...entries,
    ]),
  );
  const header = new TextEncoder().encode(json);
  const start = 8 + Math.ceil(header.length / 8) * 8;
  const file = new Uint8Array(start + offset);
  file.fill(32, 8, start);
  file.set(header, 8);
  new DataView(file.buffer).setBigUint64(0, BigInt(start - 8), true);
  let at = start;
  for (const [, x] of order) {
    const bytes = bytesOf(x);
    file.set(bytes, at);
    at += bytes.length;
  }
  return file;
}

/**
 * Reads a safetensors file. Throws a {@link SafetensorsError} that says what is wrong where, if the file is truncated,
 * damaged or contains other dtypes.
 */
export function readSafetensors(bytes: Uint8Array): Safetensors {
  const { header, start } = headerOf(bytes);
  const available = bytes.length - start;
  const tensors: [string, ArrayTensor][] = [];
  const spans: { name: string; begin: number; end: number }[] = [];
  let metadata: Readonly<Record<string, string>> = {};
  for (const [name, entry] of Object.entries(header)) {
    if (name === metadataName) {
      metadata = stringsOf(entry);
      continue;
    }
    const { dtype, shape, begin, end } = entryOf(name, entry);
    const expected = sizeOf(shape) * widths[dtype];
    if (end - begin !== expected) {
      throw new SafetensorsError(
        `${name} ${tags[dtype]} ${showShape(shape)} takes ${expected} bytes, but its data_offsets [${begin},${end}] span ${end - begin} bytes`,
      );
    }
    if (end > available)
      throw new SafetensorsError(
        `the file is truncated: ${name} ends at byte ${start + end}, but there are ${bytes.length} bytes`,
      );
    tensors.push([name, tensor(valuesFrom(bytes.subarray(start + begin, start + end), dtype), shape, { dtype })]);
    spans.push({ name, begin, end });
  }
  checkSpans(spans, available);
  return { tensors: Object.fromEntries(tensors), metadata };
}

/** In order of UTF-16 units, on every machine. */
export function compareNames(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

type Json = Readonly<Record<string, unknown>>;

function headerOf(bytes: Uint8Array): { header: Json; start: number } {
  if (!(bytes instanceof Uint8Array))
    throw new SafetensorsError(`the bytes are ${shown(bytes)}, expected a Uint8Array`);
  if (bytes.length < 8)
    throw new SafetensorsError(`the file has ${bytes.length} bytes, less than the 8 of the header's length`);
  const length = new DataView(bytes.buffer, bytes.byteOffset, 8).getBigUint64(0, true);
  if (length > BigInt(bytes.length - 8)) {
    throw new SafetensorsError(
      `the header should have ${length} bytes, but only ${bytes.length - 8} follow: the file is truncated, or it is not a safetensors file`,
    );
  }
  const start = 8 + Number(length);
  let header: unknown;
  try {
    header = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes.subarray(8, start)));
  } catch (cause) {
    throw new SafetensorsError(
      `the header is not JSON: the file is damaged, or it is not a safetensors file (${String(cause)})`,
      { cause },
    );
  }
  if (!isObject(header)) throw new SafetensorsError("the header is not a JSON object");
  return { header, start };
}

function entryOf(name: string, entry: unknown): { dtype: DType; shape: number[]; begin: number; end: number } {
  if (!isObject(entry)) throw new SafetensorsError(`the header's entry of ${name} is not an object`);
  const { dtype: tag, shape, data_offsets: offsets } = entry;
  const dtype = typeof tag === "string" ? dtypes.get(tag) : undefined;
  if (dtype === undefined)
    throw new SafetensorsError(`${name} has the dtype ${String(tag)}; ${[...dtypes.keys()].join(", ")} can be read`);
  if (!isSizes(shape))
    throw new SafetensorsError(`${name} has the shape ${JSON.stringify(shape)}, expected integers >= 0`);
  if (!isSizes(offsets) || offsets.length !== 2 || offsets[0]! > offsets[1]!) {
    throw new SafetensorsError(`${name} has the data_offsets ${JSON.stringify(offsets)}, expected [begin, end]`);
  }
  return { dtype, shape, begin: offsets[0]!, end: offsets[1]! };
}

function checkSpans(spans: { name: string; begin: number; end: number }[], available: number): void {
  let at = 0;
  let before = "the header";
  for (const { name, begin, end } of spans.toSorted((a, b) => a.begin - b.begin || a.end - b.end)) {
    if (begin !== at)
      throw new SafetensorsError(
        `${name} begins at byte ${begin} of the data, but ${before} ends at ${at}; tensors must follow one another`,
      );
    at = end;
    before = name;
  }
  if (at !== available)
    throw new SafetensorsError(
      `${available - at} bytes follow ${before}, which should be the last; the file is damaged`,
    );
}

function stringsOf(entry: unknown): Record<string, string> {
  if (!isObject(entry)) throw new SafetensorsError(`${metadataName} is not an object`);
  return Object.fromEntries(
    Object.entries(entry).map(([name, value]) => {
      if (typeof value !== "string") throw new SafetensorsError(`${metadataName}.${name} is not a string`);
      return [name, value];
    }),
  );
}

function isObject(value: unknown): value is Json {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isSizes(value: unknown): value is number[] {
  return Array.isArray(value) && value.every((n) => Number.isSafeInteger(n) && n >= 0);
}
