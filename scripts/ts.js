// npm run ts -- my-cell.ts [...]   runs a TypeScript file, wherever it lies, against the sources of this clone.
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { install } from "./install.js";
import { root, run } from "./process.js";

const [file, ...args] = process.argv.slice(2);

try {
  if (file === undefined) throw new Error("Which file? npm run ts -- my-cell.ts");
  const node = await install();
  // npm changes to the root of the clone, but the path is relative to where the command was given.
  const from = process.env.INIT_CWD ?? process.cwd();
  const hook = pathToFileURL(join(root, "scripts", "resolve-sluice.js")).href;
  const flags = ["--conditions=@sluice/source", `--import=${hook}`];
  process.exitCode = await run(node, [...flags, resolve(from, file), ...args], { cwd: from });
} catch (error) {
  console.error(error.message);
  process.exitCode = 1;
}
