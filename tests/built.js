// node tests/built.js: checks, on the Node that runs it, that the built packages (pnpm build) train to the known
// weights. Plain JavaScript, because the oldest Node cannot strip types.
import { trainSmallGru } from "@sluice/train/testing";
import { wasm } from "@sluice/wasm";
import { trainedOnWasm } from "./trained-on-wasm.js";

for (const threads of [1, 2]) {
  const backend = wasm({ threads, oversubscribe: true });
  const { hash } = await trainSmallGru(backend);
  await backend.close();
  console.log(`Node ${process.versions.node}, ${process.platform} ${process.arch}, ${threads} threads: ${hash}`);
  if (hash !== trainedOnWasm) {
    console.error(`The known weights have the hash ${trainedOnWasm}.`);
    process.exitCode = 1;
  }
}
