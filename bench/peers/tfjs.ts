/** TensorFlow.js on its WebAssembly backend. One thread: in Node it starts no workers. */

import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { serve } from "./serve.ts";
import { tfjsContender, type Tf } from "./tfjs-work.ts";

const load = createRequire(join(process.argv[2]!, "package.json"));
const { setWasmPaths } = load("@tensorflow/tfjs-backend-wasm") as { setWasmPaths(folder: string): void };
setWasmPaths(join(dirname(load.resolve("@tensorflow/tfjs-backend-wasm")), "/"));

await serve(await tfjsContender(load("@tensorflow/tfjs") as Tf, "wasm", "wasm backend with SIMD"));
