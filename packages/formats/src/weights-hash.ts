import { leavesOf, TensorError, type Tree } from "@sluice/tensor";
import { describe, isArray } from "@sluice/tensor/internal";
import { bytesOf } from "./bytes.ts";
import { compareNames } from "./safetensors.ts";
import { sha256Later } from "./sha256.ts";

/**
 * SHA-256 of weights, in hexadecimal. It hashes every tensor in order of its name: `name
 *  dtype
 *  shape with commas
 * ` in UTF-8, then its elements, little-endian (a bool as one byte). Equal weights have equal hashes on every machine,
 * whatever the order of the tree's keys.
 */
export async function weightsHash(params: Tree): Promise<string> {
  const encoder = new TextEncoder();
  const parts = leavesOf(params)
    .toSorted((a, b) => compareNames(a.path, b.path))
    .flatMap(({ path, tensor }) => {
      if (!isArray(tensor))
        throw new TensorError(`weightsHash: ${path} ${describe(tensor)} is a symbol without values`);
      return [encoder.encode(`${path}\n${tensor.dtype}\n${tensor.shape.join(",")}\n`), bytesOf(tensor)];
    });
  const bytes = new Uint8Array(parts.reduce((size, part) => size + part.length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return sha256Later(bytes);
}
