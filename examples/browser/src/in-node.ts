// Trains in Node with the page's settings, and prints the same hash of the weights as the page:
//   node --conditions=@sluice/source examples/browser/src/in-node.ts --time 100 --steps 600
import { parseArgs } from "node:util";
import { backendNamed } from "./backends.ts";
import { defaults, settingsFrom } from "./settings.ts";
import { startTraining } from "./training.ts";

const names = [...Object.keys(defaults), "backend", "threads"];
const { values } = parseArgs({ options: Object.fromEntries(names.map((name) => [name, { type: "string" } as const])) });
const settings = settingsFrom((name) => values[name]);

const backend = await backendNamed(values["backend"] ?? "wasm").make({ threads: Number(values["threads"] ?? 1) });
const training = await startTraining(settings, backend);
while (training.step < settings.steps) await training.next();
console.log(`held-out error ${(await training.evaluate()).error}`);
console.log(`weights ${await training.hash()}`);
await backend.close();
