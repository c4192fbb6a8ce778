// Writes the workers' code into a file of the build, for pages whose Content-Security-Policy forbids workers from blob:
// URLs. The file imports nothing, so it can be copied or bundled as an asset.
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { workerSource } from "./dist/threads/worker-source.js";

const dist = join(import.meta.dirname, "dist");
writeFileSync(join(dist, "worker.js"), workerSource);
writeFileSync(join(dist, "worker.d.ts"), "export {};\n");
