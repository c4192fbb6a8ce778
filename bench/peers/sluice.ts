import { createRequire } from "node:module";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { gpu } from "@sluice/gpu";
import { wasm } from "@sluice/wasm";
import { webgpuAdapter } from "../page/devices.ts";
import { serve } from "./serve.ts";
import { sluiceContender } from "./sluice-work.ts";
import type { Contender } from "./work.ts";

const here = `this repository on Node ${process.versions.node}`;
const { values } = parseArgs({ options: { threads: { type: "string", default: "1" }, gpu: { type: "string" }, webgpu: { type: "string" } } });

await serve(await contender());

async function contender(): Promise<Contender> {
  switch (values.gpu) {
    case undefined: return sluiceContender(`${here}, WebAssembly`, wasm({ threads: Number(values.threads) }));
    case "webasm": case "cpu": return sluiceContender(`${here}, gpu.js in mode ${values.gpu}`, await gpu({ mode: values.gpu }));
    case "webgpu":
      installWebGpu(values.webgpu!);
      return sluiceContender(`${here}, gpu.js in mode webgpu on ${await webgpuAdapter()}`, await gpu({ mode: "webgpu" }));
    default: throw new Error(`no mode ${values.gpu} here`);
  }
}

/** The package webgpu, from a folder outside the workspace, where gpu.js looks for it. */
function installWebGpu(folder: string): void {
  const { create, globals } = createRequire(join(folder, "package.json"))("webgpu") as { create(flags: readonly string[]): unknown; readonly globals: object };
  Object.assign(globalThis, globals);
  Object.defineProperty(navigator, "gpu", { value: create([]) });
}
