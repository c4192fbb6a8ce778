import { createRequire } from "node:module";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { gpu } from "@sluice/gpu";
import { wasm, type MultiplyAddMode } from "@sluice/wasm";
import { webgpuAdapter } from "../page/devices.ts";
import { serve } from "./serve.ts";
import { sluiceContender } from "./sluice-work.ts";
import type { Contender } from "./work.ts";

const here = `this repository on Node ${process.versions.node}`;
const { values } = parseArgs({
  options: {
    threads: { type: "string", default: "1" },
    "multiply-add": { type: "string", default: "separate" },
    gpu: { type: "string" },
    webgpu: { type: "string" },
  },
});

try {
  await serve(await contender());
} catch (error) {
  // If a contender ends, the table shows its last line.
  console.error(error instanceof Error ? error.message : String(error));
  process.exit(1);
}

async function contender(): Promise<Contender> {
  switch (values.gpu) {
    case undefined: {
      // The backend checks it.
      const multiplyAdd = values["multiply-add"] as MultiplyAddMode;
      const about = multiplyAdd === "separate" ? "" : ` with multiplyAdd: "${multiplyAdd}"`;
      return sluiceContender(`${here}, WebAssembly${about}`, wasm({ threads: Number(values.threads), multiplyAdd }));
    }
    case "webasm":
    case "cpu":
      return sluiceContender(`${here}, gpu.js in mode ${values.gpu}`, await gpu({ mode: values.gpu }));
    case "webgpu": {
      installWebGpu(values.webgpu!);
      const device = await webgpuAdapter();
      if (device === undefined)
        throw new Error("the package webgpu finds no device; VK_ICD_FILENAMES may name a driver of Vulkan");
      return sluiceContender(`${here}, gpu.js in mode webgpu on ${device}`, await gpu({ mode: "webgpu" }));
    }
    default:
      throw new Error(`no mode ${values.gpu} here`);
  }
}

/** Makes the package webgpu, from a folder outside the workspace, available to gpu.js. */
function installWebGpu(folder: string): void {
  const { create, globals } = createRequire(join(folder, "package.json"))("webgpu") as {
    create(flags: readonly string[]): unknown;
    readonly globals: object;
  };
  Object.assign(globalThis, globals);
  Object.defineProperty(navigator, "gpu", { value: create([]) });
}
