import { failIn, type DataOrigin } from "../error.ts";

/** The contents of an IDX file of unsigned bytes. */
export interface Idx {
  /** The sizes of its axes: `[images, rows, columns]`, or `[labels]`. */
  readonly shape: readonly number[];
  /** The values, row-major. */
  readonly values: Uint8Array;
}

/**
 * Reads an IDX file of unsigned bytes, the format of MNIST: two zero bytes, the type 0x08, the number of axes, the size
 * of each axis as a big-endian 32-bit integer, and the values. `origin` is used in errors only. Throws a {@link
 * DataError} that names the offset of what is wrong.
 */
export function parseIdx(bytes: Uint8Array, origin: DataOrigin): Idx {
  const fail = failIn("parseIdx", origin);
  if (!(bytes instanceof Uint8Array)) return fail("", `expected bytes (a Uint8Array), got ${typeof bytes}`);
  if (bytes[0] === 0x1f && bytes[1] === 0x8b) fail("byte 0", "it is packed with gzip; unpack it first");
  if (bytes.length < 4) fail("byte 0", `it has ${bytes.length} bytes, but the header alone has 4`);
  if (bytes[0] !== 0 || bytes[1] !== 0)
    fail("byte 0", `an IDX file starts with two zero bytes, this one with ${bytes[0]} and ${bytes[1]}`);
  if (bytes[2] !== 8) fail("byte 2", `its values have the type ${bytes[2]}, expected 8 (unsigned bytes)`);
  const axes = bytes[3] ?? 0;
  if (axes < 1) fail("byte 3", "it has no axes, expected at least 1");
  const start = 4 + 4 * axes;
  if (bytes.length < start) fail("byte 4", `it ends after ${bytes.length} bytes, but its ${axes} axes take ${start}`);
  const header = new DataView(bytes.buffer, bytes.byteOffset, start);
  const shape = Array.from({ length: axes }, (_, axis) => header.getUint32(4 + 4 * axis));
  const size = shape.reduce((product, length) => product * length, 1);
  const values = bytes.subarray(start);
  if (values.length !== size)
    fail(`byte ${start}`, `it has ${values.length} values, but its axes of ${shape.join(" x ")} take ${size}`);
  return { shape, values };
}
