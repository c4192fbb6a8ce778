import { join } from "node:path";

/** The files of a trial's folder. Each path is made when it is asked for, because most are not. */
export const trialFiles = (folder: string) => ({
  get config() {
    return join(folder, "config.json");
  },
  get environment() {
    return join(folder, "environment.json");
  },
  diff: (hash: string) => join(folder, `uncommitted-${hash.slice(0, 12)}.diff`),
  get metrics() {
    return join(folder, "metrics.jsonl");
  },
  get curves() {
    return join(folder, "curves.json");
  },
  get log() {
    return join(folder, "log.txt");
  },
  get checkpoints() {
    return join(folder, "checkpoints");
  },
  get artifacts() {
    return join(folder, "artifacts");
  },
  get kept() {
    return join(folder, "files");
  },
  get result() {
    return join(folder, "result.json");
  },
  get lock() {
    return join(folder, "lock.json");
  },
  get live() {
    return join(folder, "live.json");
  },
});

/** The files of a runs folder. */
export const runFiles = (folder: string) => ({
  get manifest() {
    return join(folder, "study.json");
  },
  get trials() {
    return join(folder, "trials");
  },
  get report() {
    return join(folder, "report.html");
  },
  get results() {
    return join(folder, "results.json");
  },
  /** Finished trials, in a folder that is an archive. */
  get archived() {
    return join(folder, "trials.jsonl");
  },
  get lock() {
    return join(folder, "lock.json");
  },
});
