import { writeFileSync } from "node:fs";
import { inside } from "./inside.ts";

const file = process.argv[2] ?? "inside.html";
writeFileSync(file, await inside());
console.log(`Wrote ${file}.`);
