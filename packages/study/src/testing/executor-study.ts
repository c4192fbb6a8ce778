import { study } from "../define-study.ts";
import type { Study } from "../study.ts";
import type { TrialContext } from "../trial.ts";

const settings = {
  rate: 0.1,
  steps: 30,
  /** What goes wrong from step 5 on: "none", "throw", "diverge", "die", "hoard" or "start processes". */
  fault: "none",
  /** Milliseconds that a step waits, for trials that are to be stopped. */
  wait: 0,
  /** Whether a trial that goes on waits too. */
  waitsAgain: true,
  /** Whether the trial looks at its signal. */
  listens: true,
};

/** What the study does with processes, of which it knows nothing itself. */
export interface ExecutorStudyOptions {
  /** Ends the process of the trial. Without it, no trial dies. */
  die?(): never;
  /**
   * Starts a process that starts another one. Both run until they are killed, and ignore all other signals. Returns
   * their numbers. Without it, trials start nothing.
   */
  startProcesses?(): Promise<readonly [started: number, startedByIt: number]>;
}

/**
 * The study of `executorSuite`: x² from a place that the seed gives, with every fault that an executor must bear. An
 * executor that loads studies from modules is given a module of its own:
 *
 *     export default executorStudy({ die: () => process.exit(3) });
 */
export const executorStudy = (options: ExecutorStudyOptions = {}): Study<typeof settings> =>
  study({
    name: "executor-suite",
    question: "Does the executor keep its promises?",
    settings,
    tasks: { parabola: {} },
    variants: { slow: {}, fast: { rate: 0.4 } },
    seeds: 2,
    metrics: { distance: { label: "Distance", better: "lower" } },
    trial: (context) => descend(context, options),
  });

type Context = TrialContext<typeof settings>;

async function descend(context: Context, options: ExecutorStudyOptions): Promise<void> {
  const { config, restored, signal } = context;
  let [x = 0] = restored === null ? [1 + (context.seed % 100)] : new Float64Array(restored.bytes.slice().buffer);
  const hoard: Uint8Array[] = [];
  let processes = {};
  for (let step = (restored?.step ?? 0) + 1; step <= config.steps; step += 1) {
    x -= config.rate * 2 * x;
    if (step === 5) misbehave(context, options);
    if (step === 5 && config.fault === "start processes") processes = await processesOf(options);
    if (step >= 5 && config.fault === "hoard") hoard.push(new Uint8Array(1e8).fill(step));
    context.metric({ step, distance: Math.abs(x), ...processes });
    await context.progress({ step, steps: config.steps, loss: Math.abs(x) });
    if (config.wait > 0 && (config.waitsAgain || restored === null))
      await new Promise((settle) => setTimeout(settle, config.wait));
    const stopped = config.listens && signal.aborted;
    if (step % 10 === 0 || stopped) await context.checkpoint(step, new Uint8Array(Float64Array.of(x).buffer), { x });
    if (stopped) signal.throwIfAborted();
  }
  await context.file("end.bin", new Uint8Array(Float64Array.of(x).buffer));
}

function misbehave(context: Context, { die }: ExecutorStudyOptions): void {
  const { fault } = context.config;
  if (fault === "throw") throw new Error("no way down");
  if (fault === "diverge") context.diverged({ step: 5, tensor: "x" });
  if (fault === "die") die?.();
}

async function processesOf({ startProcesses }: ExecutorStudyOptions): Promise<{ readonly [name: string]: number }> {
  if (startProcesses === undefined) return {};
  const [started, startedByIt] = await startProcesses();
  return { started, startedByIt };
}
