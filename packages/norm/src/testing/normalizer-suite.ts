import { TensorError, type Backend } from "@sluice/tensor";
import { checkOptions, suggestion } from "@sluice/tensor/internal";
import type { Normalizer } from "../normalizer.ts";
import { onBackend } from "./compiled.ts";
import * as laws from "./laws.ts";
import { subjectsOf, type Subject } from "./subject.ts";

/** One law, to be run as a test. */
export interface NormalizerLaw {
  readonly name: NormalizerLawName;
  /** Why the law is left out for this normalizer; run it otherwise. */
  readonly skip?: string;
  /** Throws where the normalizer breaks the law. */
  run(): void | Promise<void>;
}

/** Options of {@link normalizerSuite}. */
export interface NormalizerSuiteOptions {
  /** Laws that do not hold for the normalizer, and why. */
  readonly except?: Partial<Readonly<Record<NormalizerLawName, string>>>;
  /** Where the law about backends is tried. Without one it is left out. */
  readonly backend?: Backend | undefined;
  /** How far the backend may be from the reference, relative to the largest value. Default 0: to the bit. */
  readonly tolerance?: number;
}

const inSingle = {
  "parameters and buffers are as declared": laws.declared,
  "the output has the input's shape and is finite": laws.keepsShape,
  "evaluation draws nothing and leaves the buffers": laws.evaluation,
  "training is the same each time": laws.training,
  "rows are independent, or it asks which are active": laws.independentRows,
  "rows that are not active reach nothing": laws.inactiveRows,
  "the update keeps shapes and moves the buffers": laws.update,
  "steps without rows leave the buffers": laws.emptySteps,
  "it works before training, and says what it lacks": laws.beginning,
} as const;

const gradientLaw = "the gradient is that of the differences";
const backendLaw = "a backend has the reference's values";

/** The name of a law that every normalizer must obey. */
export type NormalizerLawName = keyof typeof inSingle | typeof gradientLaw | typeof backendLaw;

const names: readonly string[] = [...Object.keys(inSingle), gradientLaw, backendLaw];

/**
 * The laws that every normalizer must pass, as tests of any runner:
 *
 *     for (const { name, skip, run } of normalizerSuite(layerNorm(), { backend: wasm() }))
 *       test(name, { skip: skip !== undefined }, run);
 *
 * They look at `params`, `buffers`, `apply` and `update` for every part of a cell that can be normalized. A normalizer
 * whose rows depend on each other says so by asking which rows are active; all others must work row by row.
 */
export function normalizerSuite(
  normalizer: Normalizer,
  options: NormalizerSuiteOptions = {},
): readonly NormalizerLaw[] {
  checkOptions("normalizerSuite", options, ["except", "backend", "tolerance"]);
  const { except = {}, backend, tolerance = 0 } = options;
  const strange = Object.keys(except).find((name) => !names.includes(name));
  if (strange !== undefined) throw new TensorError(`normalizerSuite: no law ${strange}; ${suggestion(strange, names)}`);
  const excepted: Readonly<Record<string, string | undefined>> = except;
  const law = (name: NormalizerLawName, run: () => void | Promise<void>, skip = excepted[name]): NormalizerLaw => ({
    name,
    ...(skip === undefined ? {} : { skip }),
    run,
  });
  const single = (check: (subject: Subject) => void) => () => subjectsOf(normalizer).forEach(check);
  return [
    ...entriesOf(inSingle).map(([name, check]) => law(name, single(check))),
    law(gradientLaw, () => subjectsOf(normalizer, "f64").forEach(laws.gradient)),
    backend === undefined
      ? law(backendLaw, () => {}, excepted[backendLaw] ?? "no backend is given")
      : law(backendLaw, async () => {
          for (const subject of subjectsOf(normalizer)) await onBackend(subject, backend, tolerance);
        }),
  ];
}

function entriesOf<N extends string>(
  checks: Readonly<Record<N, (subject: Subject) => void>>,
): [N, (subject: Subject) => void][];
function entriesOf(checks: Readonly<Record<string, (subject: Subject) => void>>) {
  return Object.entries(checks);
}
