// Puts gpu.js into the build, its files as they are and with their licence. As a dependency it would bring two native
// packages to everybody: webgpu, of 84 MB, and gl, which builds for minutes.
import { cpSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";

const from = dirname(dirname(createRequire(import.meta.url).resolve("gpu.js")));
const to = join(import.meta.dirname, "dist", "gpu.js");

rmSync(to, { recursive: true, force: true });
mkdirSync(to, { recursive: true });
writeFileSync(join(to, "package.json"), '{ "type": "commonjs" }\n');
for (const path of ["src", "dist/gpu-browser.js"])
  cpSync(join(from, path), join(to, path), { recursive: true, filter: (source) => !source.endsWith(".d.ts") });
// Under another name: where a package holds a file called LICENSE anywhere, pnpm does not add the repository's.
cpSync(join(from, "LICENSE"), join(to, "MIT-LICENSE.txt"));
