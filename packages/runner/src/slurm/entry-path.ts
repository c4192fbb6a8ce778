import { fileURLToPath } from "node:url";

/** The module that the process of a trial runs in a job of Slurm. */
export const slurmEntry = fileURLToPath(
  new URL(import.meta.url.endsWith(".ts") ? "./entry.ts" : "./entry.js", import.meta.url),
);
