import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  browserPages,
  childProcesses,
  folderStore,
  nodeAtPath,
  type FolderStore,
  type PreparedRun,
} from "@sluice/runner";
import {
  agreementOf,
  compareRuns,
  readRun,
  runStudy,
  studyError,
  type Executor,
  type Manifest,
  type PlannedTrial,
  type VerifiedTrial,
} from "@sluice/study";
import { positive } from "../arguments.ts";
import { interruptions } from "../interruptions.ts";
import { newBoard } from "../board.ts";
import { plainDisplay } from "../show.ts";
import { storeAt } from "../stores.ts";
import { plural } from "../plural.ts";
import { EXIT, widthOf, type AddCommand, type Terminal } from "../terminal.ts";
import { drawn, repetition } from "../verify/again.ts";
import { besides } from "../verify/besides.ts";
import { browserNamed } from "../verify/browsers.ts";
import { nodeAt } from "../verify/other-node.ts";
import { documentOf, resultLines } from "../verify/told.ts";
import { someOf } from "./diff.ts";

interface Flags {
  readonly trials?: number;
  /** Ids of trials, or how they begin. */
  readonly trial?: readonly string[];
  readonly draw?: number;
  readonly threads?: number;
  readonly jobs?: number;
  readonly data?: string;
  readonly study?: string;
  readonly node?: string;
  readonly in?: string;
  /** False for `--no-isolation`. */
  readonly isolation: boolean;
  readonly against?: string;
  readonly json?: boolean;
}

export const addVerify: AddCommand = (program, terminal, ended) => {
  program
    .command("verify")
    .description("run finished trials again, here or elsewhere, and say how far the results agree")
    .argument("<folder>", "a runs folder, such as runs/digits/quick; it may come from another machine")
    .option("--trials <n>", "only so many trials, drawn at random (default: all)", positive)
    .option("--trial <ids...>", "these trials, by their ids or how they begin, such as 3f29ab")
    .option("--draw <n>", "another draw of them (default: 1)", positive)
    .option("--threads <n>", "threads per trial; results should not depend on it", positive)
    .option("--jobs <n>", "trials at a time", positive)
    .option("--data <folder>", "folder with data sets that are not npm packages")
    .option("--study <module>", "the module of the study, if it is no longer where the run found it")
    .option("--node <path or version>", "run them with another Node; a version, such as 22.12.0, comes from npm")
    .option("--in <browser>", "run them in a browser without a window: chromium, firefox, or the path of one")
    .option("--no-isolation", "with --in: in a page that is not cross-origin isolated, so with one thread")
    .option("--against <folder>", "run nothing; compare with the trials of another runs folder")
    .option("--json", "print JSON")
    .addHelpText(
      "after",
      "\nExamples:\n  sluice verify runs/digits/quick --trials 10 --threads 3\n" +
        "  sluice verify runs/digits/quick --trials 2 --in chromium\n" +
        "  sluice verify runs/digits/quick --against /media/arm64/runs/digits/quick\n" +
        "\nThe exit code is 1 if a trial is different.",
    )
    .action(async (folder: string, flags: Flags) => ended(await verify(folder, flags, terminal)));
};

async function verify(given: string, flags: Flags, terminal: Terminal): Promise<number> {
  refuseTogether(flags);
  const { folder } = terminal;
  const store = storeAt(given, folder);
  const { manifest, problem, trials } = await readRun(store);
  if (problem !== null) throw studyError(`${given} cannot be verified: ${problem}`);
  const done = chosenTrials(
    trials.filter(({ record }) => record.status === "done").map(({ trial }) => trial),
    flags,
  );
  if (done.length === 0) throw studyError(`${store.place}: no trial is done, so there is nothing to verify`);
  if (flags.against !== undefined) {
    const { verified, notes } = await besides(store, storeAt(flags.against, folder), { done, choice: flags });
    return tell(verified, { flags, terminal, notes });
  }
  const own = done.filter(({ imported }) => imported === undefined);
  const refused = done.filter(({ imported }) => imported !== undefined);
  if (own.length === 0)
    throw studyError(
      `${store.place}: every trial that is done was imported: ${REFUSED}, so there is nothing to verify`,
    );
  return await verifyAgain({ store, manifest, done: own, refused }, flags, terminal);
}

function chosenTrials(done: readonly PlannedTrial[], { trial: ids }: Flags): readonly PlannedTrial[] {
  if (ids === undefined) return done;
  const unknown = ids.find((id) => !done.some((trial) => trial.id.startsWith(id)));
  if (unknown !== undefined) throw studyError(`verify: no trial that is done has an id that begins with "${unknown}"`);
  return done.filter(({ id }) => ids.some((start) => id.startsWith(start)));
}

/** What excludes each other on the command line. */
function refuseTogether({ against, node, in: browser, isolation, study, data, threads, jobs }: Flags): void {
  const given = { node, in: browser, study, data, threads, jobs };
  const named = Object.entries(given).flatMap(([name, value]) => (value === undefined ? [] : [`--${name}`]));
  if (against !== undefined && named.length > 0)
    throw studyError(`verify: --against runs nothing, so ${named.join(", ")} has no meaning with it; leave it out`);
  // Its name is checked before anything is read.
  if (browser !== undefined) browserNamed(browser);
  if (browser !== undefined && node !== undefined)
    throw studyError("verify: --in and --node exclude each other: trials run in a browser or in a Node");
  if (!isolation && browser === undefined)
    throw studyError("verify: --no-isolation is about the page of a browser; give the browser with --in");
}

interface Verifiable {
  readonly store: FolderStore;
  readonly manifest: Manifest;
  readonly done: readonly PlannedTrial[];
  /** The trials that were imported. */
  readonly refused: readonly PlannedTrial[];
}

/** Why imported trials are left out. */
const REFUSED = "they ran elsewhere, with code that is not known here, so they cannot be run again";

async function verifyAgain(
  { store, manifest, done, refused }: Verifiable,
  flags: Flags,
  terminal: Terminal,
): Promise<number> {
  const { folder, closed } = terminal;
  const print = printerOf(flags, terminal);
  const scratch = mkdtempSync(join(tmpdir(), "sluice-verify-"));
  const interruption = interruptions(closed, () => print("Stopping."));
  try {
    const again = await repetition(manifest, done, { ...flags, scratch, folder });
    const { executor, where } = await placeOf(again, { flags, folder, store: folderStore(scratch), print });
    const chosen = drawn(again.trials, flags);
    print(
      `${plural(chosen.length, "trial")} of ${done.length} again, ${again.jobs} at a time with ${plural(again.threads, "thread")} each, in ${where}.`,
    );
    const others = Object.keys({ ...manifest.data, ...again.data }).filter(
      (name) => manifest.data[name] !== again.data[name],
    );
    if (refused.length > 0) print(`${plural(refused.length, "imported trial")} not verified: ${REFUSED}.`);
    if (others.length > 0) print(`The data is not that of the run: ${others.join(", ")}.`);
    const plan: PreparedRun = { ...again, executor, trials: chosen, pending: chosen, records: [] };
    const display = plainDisplay(newBoard(plan), print);
    const { interrupted } = await runStudy(plan, {
      signal: interruption.stop,
      kill: interruption.kill,
      onEvent: (event) => display.event(event),
    });
    if (interrupted) return EXIT.interrupted;
    const { pairs, code } = await compareRuns(store, folderStore(scratch));
    const which = code === null || code.length === 0 ? "" : `: ${someOf(code, 8)}`;
    const notes = again.code.hash === manifest.code ? [] : [`The code is not that of the run${which}.`];
    return tell(agreementOf(pairs), { flags, terminal, notes, refused });
  } finally {
    interruption.end();
    rmSync(scratch, { recursive: true, force: true });
  }
}

interface Place {
  readonly executor: Executor;
  /** In words, after "in". */
  readonly where: string;
}

/** Where trials run again: in this Node, in another, or in a browser. */
async function placeOf(
  { executor, module }: PreparedRun,
  {
    flags,
    folder,
    store,
    print,
  }: { readonly flags: Flags; readonly store: FolderStore } & Pick<Terminal, "folder"> & {
      print(line: string): void;
    },
): Promise<Place> {
  const { in: named, node: given, isolation } = flags;
  if (named !== undefined) {
    const browser = browserNamed(named);
    const kind = `pages that are ${isolation ? "" : "not "}cross-origin isolated`;
    return {
      executor: await browserPages({ module, browser, isolated: isolation }),
      where: `${browser.name}, in ${kind}`,
    };
  }
  if (given === undefined) return { executor, where: `Node ${process.versions.node}` };
  const node = nodeAtPath(nodeAt(given, { folder, say: print }));
  return { executor: childProcesses({ module, store, node }), where: node.runtime };
}

/** With `--json` only the document goes to the standard output. */
const printerOf =
  ({ json }: Flags, { stdout, stderr }: Terminal) =>
  (line: string): void =>
    void (json === true ? stderr : stdout).write(`${line}\n`);

function tell(
  verified: readonly VerifiedTrial[],
  {
    flags,
    terminal,
    notes,
    refused = [],
  }: {
    readonly flags: Flags;
    readonly terminal: Terminal;
    readonly notes: readonly string[];
    readonly refused?: readonly PlannedTrial[];
  },
): number {
  const print = printerOf(flags, terminal);
  for (const note of notes) print(note);
  if (flags.json === true)
    terminal.stdout.write(`${JSON.stringify([...verified.map(documentOf), ...refused.map(notVerified)], null, 2)}\n`);
  else for (const line of resultLines(verified, widthOf(terminal.stdout))) print(line);
  return verified.every(({ agreement }) => agreement !== "different") ? EXIT.done : EXIT.failed;
}

const notVerified = ({ task, variant, seed, fold, imported }: PlannedTrial) => ({
  task,
  variant,
  seed,
  fold: fold?.index ?? null,
  agreement: "not verified",
  because: `imported from ${imported?.source ?? "elsewhere"}: ${REFUSED}`,
});
