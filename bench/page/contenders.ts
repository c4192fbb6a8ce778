import { gpu, type GpuMode } from "@sluice/gpu";
import { wasm } from "@sluice/wasm";
import { jaxJsContender } from "../peers/jax-js-work.ts";
import { sluiceContender } from "../peers/sluice-work.ts";
import { tfjsContender } from "../peers/tfjs-work.ts";
import type { Contender } from "../peers/work.ts";
import { devices } from "./devices.ts";

/** All contenders that train in a page, by their name in the table. */
export const contenders: Readonly<Record<string, () => Promise<Contender>>> = {
  sluice: async () => sluiceContender("this repository, WebAssembly in a worker", wasm()),
  "gpu-webasm": () => onGpu("webasm"),
  "gpu-webgl2": () => onGpu("webgl2"),
  "gpu-webgpu": () => onGpu("webgpu"),
  "tfjs-wasm": () => onTfjs("wasm"),
  "tfjs-webgl": () => onTfjs("webgl"),
  "tfjs-webgpu": () => onTfjs("webgpu"),
  "jax-js-wasm": () => onJaxJs("wasm"),
  "jax-js-webgpu": () => onJaxJs("webgpu"),
};

async function onGpu(mode: GpuMode): Promise<Contender> {
  return sluiceContender(`this repository, gpu.js in mode ${mode}${await onDevice(mode)}`, await gpu({ mode }));
}

async function onTfjs(backend: string): Promise<Contender> {
  const { tf } = await import("peer:tfjs");
  return tfjsContender(tf, backend, `${backend} backend${await onDevice(backend)}`);
}

async function onJaxJs(device: string): Promise<Contender> {
  const { jax, version } = await import("peer:jax-js");
  return jaxJsContender(jax, device, `jax-js ${version}, ${device}${await onDevice(device)}`);
}

/** ` on ` and its name, of what draws or computes for the page. */
async function onDevice(backend: string): Promise<string> {
  const { webgl, webgpu } = await devices();
  const device = backend === "webgpu" ? webgpu : backend.startsWith("webgl") ? webgl : undefined;
  return device === undefined ? "" : ` on ${device}`;
}
