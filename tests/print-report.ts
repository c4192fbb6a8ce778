// The report of this runtime as the last line of the output. `runtimes.test.ts` and `try-runtime.ts` start it in one
// after the other.
import { report } from "./hashes.ts";

const versions: Readonly<Record<string, string | undefined>> = process.versions;
const runtime =
  versions["bun"] !== undefined
    ? `Bun ${versions["bun"]}`
    : versions["deno"] !== undefined
      ? `Deno ${versions["deno"]}`
      : `Node ${versions["node"]}`;
console.log(
  JSON.stringify({
    runtime,
    v8: versions["bun"] === undefined ? versions["v8"] : undefined,
    arch: process.arch,
    ...(await report()),
  }),
);
