import { roles } from "./roles-source.ts";

/** Identifies this text. A page may be served an old copy of the file. */
export const version = checksum(roles);

/**
 * The code of a worker, as a string, so that it is the same in Node and in browsers, from sources, builds and bundles,
 * without a file to find. The build also writes it to a file, for pages whose policy requires one.
 */
export const workerSource = `const VERSION = ${version};\n${roles}`;

/** FNV-1a. */
function checksum(text: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  return hash >>> 0;
}
