/** jax-js on its WebAssembly device. One thread: in Node it starts no workers. */

import { createRequire } from "node:module";
import { join } from "node:path";
import { jaxJsContender, type Jax } from "./jax-js-work.ts";
import { serve } from "./serve.ts";

const folder = process.argv[2]!;
const load = createRequire(join(folder, "package.json"));
const { version } = load(join(folder, "node_modules/@jax-js/jax/package.json")) as { version: string };

await serve(await jaxJsContender(load("@jax-js/jax") as Jax, "wasm", `jax-js ${version}, WebAssembly`));
