import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { sha256 } from "@sluice/formats";
import { folderStore, prepareRun, type PreparedRun } from "@sluice/runner";
import {
  agreementOf,
  canonicalJson,
  compareRuns,
  identified,
  readRun,
  runStudy,
  studyError,
  trialName,
  type Agreement,
  type Manifest,
  type PlannedTrial,
  type VerifiedTrial,
} from "@sluice/study";
import { positive } from "../arguments.ts";
import { interruptions } from "../interruptions.ts";
import { layTable, type Column } from "../layout.ts";
import { newBoard } from "../board.ts";
import { plainDisplay } from "../show.ts";
import { storeAt } from "../stores.ts";
import { plural } from "../study-options.ts";
import { EXIT, widthOf, type AddCommand, type Terminal } from "../terminal.ts";
import { partingText } from "./diff.ts";

interface Flags {
  readonly trials?: number;
  readonly draw?: number;
  readonly threads?: number;
  readonly jobs?: number;
  readonly data?: string;
  readonly study?: string;
  readonly node?: string;
  readonly json?: boolean;
}

export const addVerify: AddCommand = (program, terminal, ended) => {
  program
    .command("verify")
    .description("run finished trials again, elsewhere, and say how far the results agree")
    .argument("<folder>", "a runs folder, such as runs/digits/quick")
    .option("--trials <n>", "only so many trials, drawn at random (default: all)", positive)
    .option("--draw <n>", "another draw of them (default: 1)", positive)
    .option("--threads <n>", "threads per trial; results should not depend on it", positive)
    .option("--jobs <n>", "trials at a time", positive)
    .option("--data <folder>", "folder with data sets that are not npm packages")
    .option("--study <module>", "the module of the study, if it is no longer where the run found it")
    .option("--node <path>", "run them with another Node")
    .option("--json", "print JSON")
    .addHelpText("after", "\nExample:\n  sluice verify runs/digits/quick --trials 10 --threads 3")
    .action(async (folder: string, flags: Flags) => ended(await verify(folder, flags, terminal)));
};

async function verify(given: string, flags: Flags, terminal: Terminal): Promise<number> {
  if (flags.node !== undefined) return await underNode(flags.node, terminal);
  const { folder, stdout, stderr, closed } = terminal;
  const store = storeAt(given, folder);
  const { manifest, problem, trials } = await readRun(store);
  if (problem !== null) throw studyError(`${given} cannot be verified: ${problem}`);
  const done = trials.filter(({ record }) => record.status === "done").map(({ trial }) => trial);
  if (done.length === 0) throw studyError(`${store.place}: no trial is done, so there is nothing to verify`);
  const scratch = mkdtempSync(join(tmpdir(), "sluice-verify-"));
  const print = (line: string): void => void (flags.json === true ? stderr : stdout).write(`${line}\n`);
  const interruption = interruptions(closed, () => print("Stopping."));
  try {
    const again = await repetition(manifest, done, { scratch, flags, folder });
    const chosen = drawn(again.trials, flags);
    print(
      `${plural(chosen.length, "trial")} of ${done.length} again, ${again.jobs} at a time with ${plural(again.threads, "thread")} each.`,
    );
    if (again.code.hash !== manifest.code) print("The code is not that of the run: differences may come from it.");
    const plan: PreparedRun = { ...again, trials: chosen, pending: chosen, records: [] };
    const display = plainDisplay(newBoard(plan), print);
    const { interrupted } = await runStudy(plan, {
      signal: interruption.stop,
      kill: interruption.kill,
      onEvent: (event) => display.event(event),
    });
    if (interrupted) return EXIT.interrupted;
    const { pairs } = await compareRuns(store, folderStore(scratch));
    const verified = agreementOf(pairs);
    if (flags.json === true) stdout.write(`${JSON.stringify(verified.map(plain), null, 2)}\n`);
    else for (const line of resultLines(verified, widthOf(stdout))) print(line);
    return verified.every(({ agreement }) => agreement !== "different") ? EXIT.done : EXIT.failed;
  } finally {
    interruption.end();
    rmSync(scratch, { recursive: true, force: true });
  }
}

/** The same command in another Node. */
function underNode(node: string, { folder }: Terminal): Promise<number> {
  const [, script = "", ...args] = process.argv;
  const at = args.findIndex((arg) => arg === "--node" || arg.startsWith("--node="));
  const rest = args.toSpliced(at, args[at] === "--node" ? 2 : 1);
  const child = spawn(node, [...process.execArgv, script, ...rest], { cwd: folder, stdio: "inherit" });
  return new Promise((settle, fail) => {
    child.once("error", (error) => fail(studyError(`--node ${node}: ${error.message}`, error)));
    child.once("exit", (code) => settle(code ?? EXIT.failed));
  });
}

interface Repetition {
  readonly scratch: string;
  readonly flags: Flags;
  readonly folder: string;
}

/** A run of the same trials with the present code and data, in an empty folder. */
async function repetition(
  { module: found, budget, asked, name, tuning }: Manifest,
  done: readonly PlannedTrial[],
  { scratch, flags, folder }: Repetition,
): Promise<PreparedRun> {
  const module = flags.study === undefined ? found : resolve(folder, flags.study);
  if (module === null) throw studyError(`the study "${name}" did not come from a file, so it cannot be run again`);
  const planned = await prepareRun({
    module,
    budget,
    out: scratch,
    seeds: [...new Set(done.map(({ seed }) => seed))],
    ...(asked === undefined ? {} : { asked }),
    ...(flags.threads === undefined ? {} : { threads: flags.threads }),
    ...(flags.jobs === undefined ? {} : { jobs: flags.jobs }),
    ...(flags.data === undefined ? {} : { dataFolder: resolve(folder, flags.data) }),
  });
  if (tuning !== undefined) {
    // The study does not say with which settings the trials of a sweep ran, so they are taken from the run.
    const { code, data } = planned;
    return { ...planned, trials: done.map((trial) => identified({ ...trial, code: code.hash, data })) };
  }
  const wanted = new Set(done.map(placeOf));
  const trials = planned.trials.filter((trial) => wanted.has(placeOf(trial)));
  if (trials.length < done.length)
    throw studyError(
      `the study in ${module} has no longer ${plural(done.length - trials.length, "trial")} of this run ` +
        "with the same settings; use the commit that the report names",
    );
  return { ...planned, trials };
}

/** Settings belong to it: a study whose settings were edited since has other trials. */
const placeOf = ({ task, variant, seed, fold, config }: PlannedTrial): string =>
  canonicalJson([task, variant, seed, fold ?? null, config]);

/** A draw without replacement that depends on the trials and the number of the draw alone. */
function drawn(
  trials: readonly PlannedTrial[],
  { trials: count = trials.length, draw = 1 }: Flags,
): readonly PlannedTrial[] {
  const lots = trials.map((trial) => ({ trial, lot: sha256(`draw ${draw} of ${trial.id}`) }));
  const chosen = new Set(
    lots
      .toSorted((a, b) => (a.lot < b.lot ? -1 : 1))
      .slice(0, count)
      .map(({ trial }) => trial),
  );
  return trials.filter((trial) => chosen.has(trial));
}

const ORDER: readonly Agreement[] = ["bitwise the same", "within tolerance", "statistically the same", "different"];

function resultLines(verified: readonly VerifiedTrial[], width: number): string[] {
  const counts = ORDER.map(
    (agreement) => [agreement, verified.filter((one) => one.agreement === agreement).length] as const,
  );
  const others = verified.filter(({ agreement }) => agreement !== "bitwise the same");
  return [
    "",
    ...(others.length === 0 ? [] : [...layTable(columns, others, width), ""]),
    counts
      .filter(([, count]) => count > 0)
      .map(([agreement, count]) => `${count} ${agreement}`)
      .join(", "),
  ];
}

const columns: readonly Column<VerifiedTrial>[] = [
  { title: "task", align: "left", keep: 2, cell: ({ pair }) => pair.first.task },
  { title: "trial", align: "left", keep: 3, cell: ({ pair }) => trialName(pair.first) },
  { title: "agreement", align: "left", keep: 4, cell: ({ agreement }) => agreement },
  {
    title: "curves part at",
    align: "left",
    keep: 1,
    most: 70,
    cell: ({ pair }) => (pair.parting === null ? "" : partingText(pair.parting)),
  },
];

const plain = ({ pair, agreement }: VerifiedTrial) => ({
  task: pair.first.task,
  variant: pair.first.variant,
  seed: pair.first.seed,
  fold: pair.first.fold?.index ?? null,
  agreement,
  parting: pair.parting,
  metrics: pair.metrics,
});
