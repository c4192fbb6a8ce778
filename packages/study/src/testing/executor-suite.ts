import { checksOf, type Law, lawsOf } from "@sluice/tensor/testing";
import type { Executor } from "../run/executor.ts";
import type { RunCode } from "../run/plan-run.ts";
import type { Store } from "../run/store.ts";
import type { Study } from "../study.ts";
import * as laws from "./executor-laws.ts";
import { executorStudy } from "./executor-study.ts";
import * as processLaws from "./process-laws.ts";

/** One law, to be run as a test. */
export type ExecutorLaw = Law<ExecutorLawName>;

const all = {
  "a trial writes its rows, file and summary into the store": laws.results,
  "a trial that throws or diverges is failed or diverged, with its reason": laws.failures,
  "a trial that dies is failed": laws.deaths,
  "a trial that fails changes no other": laws.others,
  "a trial that is stopped goes on from its checkpoint, to the bits of one that was not": laws.resuming,
  "a trial that takes longer than its limit is failed": laws.limits,
  "a trial that does not listen is killed": laws.kills,
  "a trial that is stopped before its start does not run": laws.stoppedBefore,
  "progress is told, in order": laws.progress,
  "a trial that takes more memory than its limit is failed": processLaws.memory,
  "processes that a trial has started end with it": processLaws.children,
  "trials at once have the bits of trials one after the other": laws.together,
} as const;

/** The name of a law that every executor must obey. */
export type ExecutorLawName = keyof typeof all;

/** Options of {@link executorSuite}. */
export interface ExecutorSuiteOptions<S extends Store> {
  /** Makes an empty store of the kind that the executor writes to. */
  newStore(): S;
  /** The study that the executor runs; default: `executorStudy()`, in which no trial can die. */
  readonly study?: Study;
  /** The identity of the study's code, for an executor that compares it; default: the code is not identified. */
  readonly code?: RunCode;
  /**
   * Whether the process of this number is running where the executor runs its trials. Without it, the law about
   * processes that trials have started is left out.
   */
  isRunning?(pid: number): boolean;
  /** Laws that do not hold, and why: `{ "a trial that dies is failed": "it would end this process" }`. */
  readonly except?: Partial<Readonly<Record<ExecutorLawName, string>>>;
}

/**
 * The laws that every executor must pass, as tests of any runner. Each takes some seconds at most.
 *
 *     for (const { name, skip, run } of executorSuite(() => inProcess(), { newStore: memoryStore }))
 *       test(name, { skip: skip !== undefined }, run);
 *
 * `newExecutor` makes an executor for a store.
 */
export function executorSuite<S extends Store>(
  newExecutor: (store: S) => Executor,
  { newStore, study = executorStudy(), code, isRunning, except }: ExecutorSuiteOptions<S>,
): readonly ExecutorLaw[] {
  return lawsOf(
    "executorSuite",
    checksOf(all, () => ({
      study,
      ...(code === undefined ? {} : { code }),
      ...(isRunning === undefined ? {} : { isRunning }),
      newPlace() {
        const store = newStore();
        return { store, executor: () => newExecutor(store) };
      },
    })),
    {
      except,
      untried: {
        "processes that a trial has started end with it":
          isRunning === undefined ? "isRunning was not given" : undefined,
      },
    },
  );
}
