import type { Backend } from "@sluice/tensor";
import { checkOptions } from "@sluice/tensor/internal";
import { checksOf, type Law, lawsOf, once, type RunLaw } from "@sluice/tensor/testing";
import type { Normalizer } from "../normalizer.ts";
import { onBackend } from "./compiled.ts";
import * as laws from "./laws.ts";
import { mapRecord, subjectsOf, type Subject } from "./subject.ts";

/** One law, to be run as a test. */
export type NormalizerLaw = Law<NormalizerLawName>;

/** Options of {@link normalizerSuite}. */
export interface NormalizerSuiteOptions {
  /** Laws that do not hold for the normalizer, and why. */
  readonly except?: Partial<Readonly<Record<NormalizerLawName, string>>>;
  /** The backend for the law about backends. Without one, that law is skipped. */
  readonly backend?: Backend | undefined;
  /** How far the backend may differ from the reference, relative to the largest value. Default 0: bit for bit. */
  readonly tolerance?: number;
}

const inSingle = {
  "parameters and buffers are as declared": laws.declared,
  "the output has the input's shape and is finite": laws.keepsShape,
  "evaluation draws nothing and leaves the buffers": laws.evaluation,
  "training is the same each time": laws.training,
  "rows are independent, or the normalizer reads which are active": laws.independentRows,
  "inactive rows reach nothing": laws.inactiveRows,
  "the update keeps shapes and moves the buffers": laws.update,
  "steps without rows leave the buffers": laws.emptySteps,
  "it works before training, and names what is missing": laws.beginning,
} as const;

const gradientLaw = "the gradient equals finite differences";
const backendLaw = "a backend has the reference's values";

/** The name of a law that every normalizer must obey. */
export type NormalizerLawName = keyof typeof inSingle | typeof gradientLaw | typeof backendLaw;

/**
 * The laws that every normalizer must pass, as tests for any test runner:
 *
 *     for (const { name, skip, run } of normalizerSuite(layerNorm(), { backend: wasm() }))
 *       test(name, { skip: skip !== undefined }, run);
 *
 * They check `params`, `buffers`, `apply` and `update` for every part of a cell that can be normalized. A normalizer
 * that mixes rows must read which rows are active; all others must work row by row.
 */
export function normalizerSuite(
  normalizer: Normalizer,
  options: NormalizerSuiteOptions = {},
): readonly NormalizerLaw[] {
  checkOptions("normalizerSuite", options, ["except", "backend", "tolerance"]);
  const { except, backend, tolerance = 0 } = options;
  const subjects = once(() => subjectsOf(normalizer));
  const checks: Readonly<Record<NormalizerLawName, RunLaw>> = {
    ...checksOf(eachOf(inSingle), subjects),
    [gradientLaw]: () => subjectsOf(normalizer, "f64").forEach(laws.gradient),
    async [backendLaw]() {
      if (backend !== undefined) for (const subject of subjects()) await onBackend(subject, backend, tolerance);
    },
  };
  return lawsOf("normalizerSuite", checks, {
    except,
    untried: backend === undefined ? { [backendLaw]: "no backend is given" } : {},
  });
}

/** Checks of all subjects, from checks of one. */
function eachOf<N extends string>(
  checks: Readonly<Record<N, (subject: Subject) => void>>,
): Readonly<Record<N, (subjects: readonly Subject[]) => void>>;
function eachOf(checks: Readonly<Record<string, (subject: Subject) => void>>) {
  return mapRecord(checks, (check) => (subjects: readonly Subject[]) => subjects.forEach(check));
}
