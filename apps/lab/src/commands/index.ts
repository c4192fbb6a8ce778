import type { AddCommand } from "../terminal.ts";

/** The commands by their names, in the order of `sluice --help`. Each is loaded only if it is needed. */
export const commands: Readonly<Record<string, () => Promise<AddCommand>>> = {
  run: async () => (await import("./run.ts")).addRun,
  sweep: async () => (await import("./sweep.ts")).addSweep,
  worker: async () => (await import("./worker.ts")).addWorker,
  plan: async () => (await import("./plan.ts")).addPlan,
  status: async () => (await import("./status.ts")).addStatus,
  report: async () => (await import("./report.ts")).addReport,
  compare: async () => (await import("./compare.ts")).addCompare,
  diff: async () => (await import("./diff.ts")).addDiff,
  why: async () => (await import("./why.ts")).addWhy,
  verify: async () => (await import("./verify.ts")).addVerify,
  list: async () => (await import("./list.ts")).addList,
  query: async () => (await import("./query.ts")).addQuery,
  tag: async () => (await import("./tag.ts")).addTag,
  note: async () => (await import("./note.ts")).addNote,
  logs: async () => (await import("./logs.ts")).addLogs,
  data: async () => (await import("./data.ts")).addData,
  export: async () => (await import("./export.ts")).addExport,
  import: async () => (await import("./import.ts")).addImport,
  archive: async () => (await import("./archive.ts")).addArchive,
  bundle: async () => (await import("./bundle.ts")).addBundle,
  new: async () => (await import("./new.ts")).addNew,
};

/**
 * The commands that a program needs for these words: the one that they name, none for `--version`, and otherwise all,
 * for help and for what looks like a name that was not found.
 */
export async function commandsFor([first = ""]: readonly string[]): Promise<readonly AddCommand[]> {
  if (["--version", "-V"].includes(first)) return [];
  const named = Object.hasOwn(commands, first) ? commands[first] : undefined;
  return Promise.all((named === undefined ? Object.values(commands) : [named]).map((load) => load()));
}
