import { messageOf, studyError, type Seconds, type TimeSource } from "@sluice/study";
import { layTable, type Column } from "./layout.ts";
import { studiesBelow } from "./locate.ts";
import { probedTime } from "./probed-time.ts";
import { plannedStudy, type StudyFlags } from "./study-options.ts";
import { EXIT, widthOf, type Terminal } from "./terminal.ts";
import { secondsText } from "./time-text.ts";

interface Given {
  readonly settings: readonly string[];
  readonly flags: StudyFlags & { readonly probe?: number | true; readonly json?: boolean };
  readonly terminal: Terminal;
}

/** What is left of a study, and how long it takes. */
interface StudyTime {
  readonly study: string;
  readonly budget: string | null;
  readonly trials: number;
  readonly left: number;
  readonly seconds: Seconds | null;
  readonly from: readonly TimeSource[];
  /** Why it cannot be planned, if it cannot. */
  readonly problem: string | null;
}

/** Prints how many trials of every study are left, and how long they take. */
export async function planAll(given: string | undefined, { settings, flags, terminal }: Given): Promise<number> {
  if (given !== undefined || settings.length > 0 || flags.out !== undefined)
    throw studyError("sluice plan --all plans every study as it is: leave out the study, settings and --out");
  const rows: StudyTime[] = [];
  for (const { name } of studiesBelow(terminal.folder)) {
    const row = await studyTime(name, { flags, terminal });
    if (row === null) return EXIT.interrupted;
    rows.push(row);
  }
  const { stdout } = terminal;
  if (flags.json === true) stdout.write(`${JSON.stringify(rows, null, 2)}\n`);
  else for (const line of layTable(columns, rows, widthOf(stdout))) stdout.write(`${line}\n`);
  return rows.some(({ problem }) => problem !== null) ? EXIT.failed : EXIT.done;
}

/** `null` if it was interrupted. */
async function studyTime(study: string, { flags, terminal }: Omit<Given, "settings">): Promise<StudyTime | null> {
  const nothing = { study, budget: null, trials: 0, left: 0, seconds: null, from: [] };
  try {
    const { prepared } = await plannedStudy(study, [], { flags, command: "run", folder: terminal.folder });
    const { time, interrupted } = await probedTime(prepared, { seconds: flags.probe, terminal });
    if (interrupted) return null;
    const { budget, trials, pending } = prepared;
    const { seconds, from } = time;
    return { study, budget, trials: trials.length, left: pending.length, seconds, from, problem: null };
  } catch (error) {
    return { ...nothing, problem: messageOf(error) };
  }
}

const timeOf = ({ problem, left, seconds }: StudyTime): string =>
  problem ?? (left === 0 ? "nothing left to run" : seconds === null ? "not known; --probe" : secondsText(seconds));

const columns: readonly Column<StudyTime>[] = [
  { title: "study", align: "left", keep: 5, cell: ({ study }) => study },
  { title: "budget", align: "left", keep: 2, cell: ({ budget }) => budget ?? "" },
  { title: "trials", align: "right", keep: 1, cell: ({ trials }) => String(trials) },
  { title: "left", align: "right", keep: 3, cell: ({ left }) => String(left) },
  { title: "time", align: "left", keep: 4, most: 80, cell: timeOf },
  { title: "from", align: "left", keep: 1, most: 80, cell: ({ from }) => from.join(", ") },
];
