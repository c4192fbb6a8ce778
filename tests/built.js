// node tests/built.js: on the Node that runs it, does what was built (pnpm build) train to the weights that are known?
// Plain JavaScript, since the oldest Node takes no types.
import { trainSmallGru } from "@sluice/train/testing";
import { wasm } from "@sluice/wasm";
import { trainedOnWasm } from "./trained-on-wasm.js";

for (const threads of [1, 2]) {
  const backend = wasm({ threads, oversubscribe: true });
  const { hash } = await trainSmallGru(backend);
  await backend.close();
  console.log(`Node ${process.versions.node}, ${process.platform} ${process.arch}, ${threads} threads: ${hash}`);
  if (hash !== trainedOnWasm) {
    console.error(`The weights that are known have the hash ${trainedOnWasm}.`);
    process.exitCode = 1;
  }
}
