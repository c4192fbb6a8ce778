import { addBundle } from "./commands/bundle.ts";
import { addCompare } from "./commands/compare.ts";
import { addData } from "./commands/data.ts";
import { addDiff } from "./commands/diff.ts";
import { addExport } from "./commands/export.ts";
import { addImport } from "./commands/import.ts";
import { addList } from "./commands/list.ts";
import { addLogs } from "./commands/logs.ts";
import { addNew } from "./commands/new.ts";
import { addNote } from "./commands/note.ts";
import { addPlan } from "./commands/plan.ts";
import { addQuery } from "./commands/query.ts";
import { addReport } from "./commands/report.ts";
import { addRun } from "./commands/run.ts";
import { addStatus } from "./commands/status.ts";
import { addSweep } from "./commands/sweep.ts";
import { addTag } from "./commands/tag.ts";
import { addVerify } from "./commands/verify.ts";
import { addWorker } from "./commands/worker.ts";
import { addWhy } from "./commands/why.ts";
import type { AddCommand } from "./terminal.ts";

/** All commands of `sluice`, in the order in which its help lists them. */
export const commands: readonly AddCommand[] = [
  addRun,
  addSweep,
  addWorker,
  addPlan,
  addStatus,
  addReport,
  addCompare,
  addDiff,
  addWhy,
  addVerify,
  addList,
  addQuery,
  addTag,
  addNote,
  addLogs,
  addData,
  addExport,
  addImport,
  addBundle,
  addNew,
];
