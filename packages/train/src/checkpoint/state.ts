import { readSafetensors, SafetensorsError, weightsHash, writeSafetensors } from "@sluice/formats";
import { leavesOf, mapTree, type Bytes, type Tree } from "@sluice/tensor";
import { checkOptions, sameShape } from "@sluice/tensor/internal";

const hashName = "sluice.sha256";

/**
 * Saves a state (or any tree of arrays) as a safetensors file, exactly, with the hash of its content in the metadata.
 */
export async function saveState(
  state: Tree,
  options: { readonly metadata?: Readonly<Record<string, string>> } = {},
): Promise<Bytes> {
  checkOptions("saveState", options, ["metadata"]);
  return writeSafetensors(state, { ...options.metadata, [hashName]: await weightsHash(state) });
}

/**
 * Loads the state that {@link saveState} wrote, nested as `like`. Throws a {@link SafetensorsError} if the file is
 * damaged, or if a tensor is missing, unexpected, or has another shape or dtype.
 */
export async function loadState<S extends Tree>(bytes: Uint8Array, like: S): Promise<S> {
  const { tensors, metadata } = readSafetensors(bytes);
  const expected = metadata[hashName];
  if (expected !== undefined) {
    const found = await weightsHash(tensors);
    if (found !== expected)
      throw new SafetensorsError(
        `the content has the hash ${found} but was saved with ${expected}: the file is damaged`,
      );
  }
  const names = new Set(leavesOf(like).map(({ path }) => path));
  const strange = Object.keys(tensors).filter((name) => !names.has(name));
  const missing = [...names].filter((name) => tensors[name] === undefined);
  if (strange.length > 0 || missing.length > 0) {
    const parts = [
      missing.length > 0 ? `lacks ${missing.join(", ")}` : "",
      strange.length > 0 ? `has ${strange.join(", ")}, which do not belong` : "",
    ];
    throw new SafetensorsError(
      `the file is of another model or optimizer: it ${parts.filter((part) => part !== "").join(" and ")}`,
    );
  }
  return mapTree(like, (x, path) => {
    const saved = tensors[path]!;
    if (saved.dtype === x.dtype && sameShape(saved.shape, x.shape)) return saved;
    throw new SafetensorsError(
      `${path} is ${saved.dtype} [${saved.shape.join(",")}] in the file, expected ${x.dtype} [${x.shape.join(",")}]`,
    );
  });
}
