#!/usr/bin/env node
import { enableCompileCache, getCompileCacheDir } from "node:module";

// Node keeps what it has compiled, for later commands and for the processes of trials. It compiles what is imported
// from here on.
enableCompileCache();
const kept = getCompileCacheDir();
if (kept !== undefined) process.env["NODE_COMPILE_CACHE"] ??= kept;

const { sluice } = await import("./sluice.ts");
process.exitCode = await sluice(process.argv.slice(2));
