import { join } from "node:path";

/** The files of a trial's folder. */
export const trialFiles = (folder: string) => ({
  config: join(folder, "config.json"),
  environment: join(folder, "environment.json"),
  diff: (hash: string) => join(folder, `uncommitted-${hash.slice(0, 12)}.diff`),
  metrics: join(folder, "metrics.jsonl"),
  log: join(folder, "log.txt"),
  checkpoints: join(folder, "checkpoints"),
  artifacts: join(folder, "artifacts"),
  kept: join(folder, "files"),
  result: join(folder, "result.json"),
  lock: join(folder, "lock.json"),
  live: join(folder, "live.json"),
});

/** The files of a runs folder. */
export const runFiles = (folder: string) => ({
  manifest: join(folder, "study.json"),
  trials: join(folder, "trials"),
  report: join(folder, "report.html"),
  results: join(folder, "results.json"),
  lock: join(folder, "lock.json"),
});
