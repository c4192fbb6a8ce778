// Copies gpu.js and its licence into the build. As a dependency it would install two native packages for everyone:
// webgpu (84 MB), and gl, which takes minutes to build.
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
// Renamed: if a package contains a file called LICENSE anywhere, pnpm does not add the repository's.
cpSync(join(from, "LICENSE"), join(to, "MIT-LICENSE.txt"));
