import { setTimeout as wait } from "node:timers/promises";
import { resolve } from "node:path";
import { formatSeconds } from "@sluice/study";
import type { WorkerEvent, WorkerOptions } from "@sluice/queue";
import { positive, seconds } from "../arguments.ts";
import { queuePackage } from "../executors.ts";
import { interruptions } from "../interruptions.ts";
import { displayOf, plainDisplay, type Display } from "../show.ts";
import { plural } from "../plural.ts";
import { EXIT, type AddCommand, type Terminal } from "../terminal.ts";

interface Flags {
  readonly queue?: string;
  readonly parallel?: number;
  readonly threads?: number;
  readonly data?: string;
  readonly scratch?: string;
  readonly idle?: number;
  readonly json?: boolean;
}

export const addWorker: AddCommand = (program, terminal, ended) => {
  program
    .command("worker")
    .description("run trials of other machines' runs, which wait in a queue on Redis")
    .argument(
      "<redis>",
      "where Redis is, such as redis://host:6379, redis://user:password@host:6379 or rediss://host:6379",
    )
    .option("--queue <name>", "take trials of this queue (default: sluice)")
    .option("--parallel <n>", "trials at a time (default: 1)", positive)
    .option("--threads <n>", "threads per trial (default: cores / --parallel)", positive)
    .option("--data <folder>", "folder with data sets that are not npm packages")
    .option("--scratch <folder>", "folder for trials while they run (default: the system's folder for temporary files)")
    .option("--idle <seconds>", "end after this many seconds without a trial (default: wait for ever)", seconds)
    .option("--json", "print one JSON document per event to standard output, everything else to standard error")
    .addHelpText(
      "after",
      `
Example, on two machines with the same code:
  sluice run digits --on redis://box:6379
  sluice worker redis://box:6379 --parallel 2

Run it in the checkout or the project whose studies it runs. It takes only trials whose code and data are those that it
has. Ctrl-C lets its trials write a checkpoint; another worker goes on from there. A password may be in the variable
SLUICE_REDIS_PASSWORD instead of the address.`,
    )
    .action(async (redis: string, flags: Flags) => ended(await work(redis, flags, terminal)));
};

/** Takes trials until Ctrl-C, or until there has been none for long enough. */
async function work(redis: string, flags: Flags, { folder, stdout, stderr, closed }: Terminal): Promise<number> {
  const { startWorker } = await queuePackage("sluice worker");
  const stream = flags.json === true ? stderr : stdout;
  // Until it is connected there is no table to draw.
  let display = plainDisplay(new Map(), (text) => void stream.write(`${text}\n`));
  let counts: Counts = { done: 0, other: 0, returned: 0 };
  let lastAt = performance.now();
  const say = (text: string): void => display.say(text);
  const worker = await startWorker({
    url: redis,
    folder,
    say,
    onEvent(event) {
      lastAt = performance.now();
      counts = counted(counts, event);
      if (flags.json === true && event.kind !== "progress") stdout.write(`${JSON.stringify(plain(event))}\n`);
      show(event, display);
    },
    ...optionsOf(flags, folder),
  });
  const { parallel, threads, root, shown } = worker;
  say(
    `Takes trials from ${shown}: ${parallel} at a time with ${plural(threads, "thread")} each, of the code in ${root}.`,
  );
  display = displayOf({ board: new Map(), headline: "score", jobs: () => parallel }, stream);
  const interruption = interruptions(
    closed,
    () => say("Stopping: the trials write a checkpoint and go back to the queue. Ctrl-C again kills them."),
    { onContinue: () => display.afresh() },
  );
  try {
    const idle = flags.idle ?? Infinity;
    while (!interruption.stop.aborted) {
      await wait(200);
      if (worker.running() > 0) lastAt = performance.now();
      if (performance.now() - lastAt > idle * 1000) break;
    }
    interruption.kill.addEventListener("abort", () => worker.kill());
    await worker.stop();
    display.end();
    stream.write(`${countsText(counts, interruption.stop.aborted ? null : idle)}\n`);
    const code = interruption.stop.aborted ? EXIT.interrupted : EXIT.done;
    // BullMQ goes on trying to reach a Redis that is gone, and would keep the process alive.
    setTimeout(() => process.exit(code), 1000).unref();
    return code;
  } finally {
    display.end();
    interruption.end();
  }
}

function optionsOf({ queue, parallel, threads, data, scratch }: Flags, folder: string): Partial<WorkerOptions> {
  return {
    ...(queue === undefined ? {} : { queue }),
    ...(parallel === undefined ? {} : { parallel }),
    ...(threads === undefined ? {} : { threads }),
    ...(data === undefined ? {} : { dataFolder: resolve(folder, data) }),
    ...(scratch === undefined ? {} : { scratch: resolve(folder, scratch) }),
  };
}

function show(event: WorkerEvent, display: Display): void {
  if (event.kind === "returned") display.event({ kind: "waiting", trial: event.trial, reason: event.reason });
  else if (event.kind === "started") display.event({ kind: "started", trial: event.trial });
  else display.event(event);
}

interface Counts {
  readonly done: number;
  /** Failed, diverged or stopped by their runner. */
  readonly other: number;
  readonly returned: number;
}

function counted(counts: Counts, event: WorkerEvent): Counts {
  if (event.kind === "returned") return { ...counts, returned: counts.returned + 1 };
  if (event.kind !== "ended") return counts;
  return event.record.status === "done" ? { ...counts, done: counts.done + 1 } : { ...counts, other: counts.other + 1 };
}

/** What it did, and why it ends. @param idle seconds without a trial; `null` after Ctrl-C. */
function countsText({ done, other, returned }: Counts, idle: number | null): string {
  const parts = [
    `${plural(done, "trial")} done`,
    other > 0 && `${other} failed, diverged or stopped`,
    returned > 0 && `${returned} given back to the queue`,
  ].filter((part) => part !== false);
  return `${idle === null ? "Stopped" : `No trial for ${formatSeconds(idle)}`}: ${parts.join(", ")}.`;
}

/** An event as one line of JSON. */
function plain(event: WorkerEvent): object {
  const { id, folder, study, task, variant, seed } = event.trial;
  const trial = { id, folder, study, task, variant, seed };
  if (event.kind !== "ended") return { ...event, trial };
  const { status, reason = null, seconds: took = null } = event.record;
  return { kind: event.kind, trial, status, reason, seconds: took, first: event.first };
}
