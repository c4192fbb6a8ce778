// What tests/deno.test.ts runs in Deno: the hash of weights trained on the default backend with each number of threads,
// as JSON.
import { trainSmallGru } from "@sluice/train/testing";
import { wasm } from "@sluice/wasm";

const hashes: string[] = [];
for (const threads of [1, 2]) {
  const backend = wasm({ threads, oversubscribe: true });
  hashes.push((await trainSmallGru(backend)).hash);
  await backend.close();
}
console.log(JSON.stringify(hashes));
