import { parseArgs } from "node:util";
import { gpu } from "@sluice/gpu";
import { wasm } from "@sluice/wasm";
import { serve } from "./serve.ts";
import { sluiceContender } from "./sluice-work.ts";

const { threads, gpu: mode } = parseArgs({ options: { threads: { type: "string", default: "1" }, gpu: { type: "string" } } }).values;
const here = `this repository on Node ${process.versions.node}`;

await serve(mode === "webasm" || mode === "cpu" ? sluiceContender(`${here}, gpu.js in mode ${mode}`, await gpu({ mode })) : sluiceContender(`${here}, WebAssembly`, wasm({ threads: Number(threads) })));
