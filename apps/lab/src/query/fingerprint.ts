import { existsSync, readdirSync, statSync } from "node:fs";
import { join } from "node:path";

/** What the files of a run are like. A file that was written since has another text. */
export interface RunFingerprint {
  /** Of the run with all its trials. */
  readonly run: string;
  /** By the names of the trials' folders. */
  readonly trials: ReadonlyMap<string, string>;
}

/** Reads no file, so that a thousand trials cost milliseconds. */
export function fingerprintOf(run: string): RunFingerprint {
  const folder = join(run, "trials");
  const names = existsSync(folder)
    ? readdirSync(folder)
        .filter((name) => !name.includes(".aside-"))
        .sort()
    : [];
  const trials = new Map(
    names.map((name) => [name, filesText(join(folder, name), ["config", "result", "environment", "annotations"])]),
  );
  return {
    run: [
      filesText(run, ["study", "annotations"]),
      fileText(join(run, "trials.jsonl")),
      ...[...trials].map(([name, text]) => `${name} ${text}`),
    ].join("\n"),
    trials,
  };
}

const filesText = (folder: string, names: readonly string[]): string =>
  names.map((name) => fileText(join(folder, `${name}.json`))).join(" ");

function fileText(path: string): string {
  const stat = statSync(path, { throwIfNoEntry: false });
  return stat === undefined ? "none" : `${stat.mtimeMs}:${stat.size}:${stat.ino}`;
}
