import { TensorError, type Backend } from "@sluice/tensor";
import { checkMade, checkOptions, suggestion } from "@sluice/tensor/internal";
import type { Fusion } from "../fusion.ts";
import { onBackend } from "./compiled.ts";
import * as laws from "./laws.ts";
import { subjectOf, type MakeModality, type Subject } from "./subject.ts";

/** One law, to be run as a test. */
export interface FusionLaw {
  readonly name: FusionLawName;
  /** Why the law is left out for this fusion; run it otherwise. */
  readonly skip?: string;
  /** Throws where the fusion breaks the law. */
  run(): void | Promise<void>;
}

/** Options of {@link fusionSuite}. */
export interface FusionSuiteOptions {
  /** Laws that do not hold for the fusion, and why: `{ "rows are independent": "statistics of the batch" }`. */
  readonly except?: Partial<Readonly<Record<FusionLawName, string>>>;
  /** Where the law about backends is tried. Without one it is left out. */
  readonly backend?: Backend | undefined;
  /** How far the backend may be from the reference, relative to the largest value. Default 0: to the bit. */
  readonly tolerance?: number;
  /**
   * Values of a modality, `[...lead, ...shape]`, for a fusion that does not take just any. By default floats are normal,
   * integers 0 and 1, and bools.
   */
  readonly input?: MakeModality;
}

const inDouble = {
  "the gradient is that of the differences": laws.gradient,
  "the second derivative is that of the differences": laws.secondDerivative,
} as const;

const inSingle = {
  "parameters are named and counted": laws.parameters,
  "parameters are saved and loaded": laws.saved,
  "every parameter and modality is used": laws.used,
  "the output has the shape of outputShape": laws.shapes,
  "what is missing reaches nothing": laws.missingReachesNothing,
  "padding reaches nothing": laws.paddingReachesNothing,
  "a padded row is as without padding": laws.unpadded,
  "all present is as nothing said": laws.saysNothing,
  "rows are independent": laws.independent,
  "modalities come in any order": laws.anyOrder,
  "only training draws, and from its key": laws.randomness,
  "traces are given where asked for": laws.traced,
} as const;

const backendLaw = "a backend has the reference's values";

/** The names of the laws. */
export type FusionLawName = keyof typeof inDouble | keyof typeof inSingle | typeof backendLaw;

const names: readonly string[] = [...Object.keys(inDouble), ...Object.keys(inSingle), backendLaw];

/**
 * The laws that every fusion must pass, as tests of any runner:
 *
 *     for (const { name, skip, run } of fusionSuite(gmu({ inputs: { audio: 2, pose: 3 }, output: 2 }), { backend }))
 *       test(name, { skip: skip !== undefined }, run);
 *
 * Gradients of first and second order in f64 against differences; missing modalities and padding, NaN included; rows
 * alone and in a batch; shapes, traces and random numbers; names, counts, saving and loading of the parameters; and
 * values and gradients on a backend. Make the fusion small, of two or three modalities of width 1 to 3.
 */
export function fusionSuite(fusion: Fusion, options: FusionSuiteOptions = {}): readonly FusionLaw[] {
  checkOptions("fusionSuite", options, ["except", "backend", "tolerance", "input"]);
  checkMade(
    "fusionSuite",
    "the fusion",
    fusion,
    { inputs: "object", params: "object", init: "function", outputShape: "function", apply: "function" },
    "gmu({ inputs, output })",
  );
  const { except = {}, backend, tolerance = 0, input } = options;
  const strange = Object.keys(except).find((name) => !names.includes(name));
  if (strange !== undefined) throw new TensorError(`fusionSuite: no law ${strange}; ${suggestion(strange, names)}`);
  const excepted: Readonly<Record<string, string | undefined>> = except;
  const single = once(() => subjectOf(fusion, input));
  const double = once(() => subjectOf(fusion, input, "f64"));
  const law = (name: FusionLawName, run: FusionLaw["run"], skip = excepted[name]): FusionLaw => ({
    name,
    ...(skip === undefined ? {} : { skip }),
    run,
  });
  return [
    ...entriesOf(inSingle).map(([name, check]) => law(name, () => check(single()))),
    ...entriesOf(inDouble).map(([name, check]) => law(name, () => check(double()))),
    backend === undefined
      ? law(backendLaw, () => {}, excepted[backendLaw] ?? "no backend is given")
      : law(backendLaw, () => onBackend(single(), backend, tolerance)),
  ];
}

type Check = (subject: Subject) => void;

function entriesOf<N extends string>(checks: Readonly<Record<N, Check>>): [N, Check][];
function entriesOf(checks: Readonly<Record<string, Check>>): [string, Check][] {
  return Object.entries(checks);
}

function once<T>(make: () => T): () => T {
  let made: { readonly value: T } | undefined;
  return () => (made ??= { value: make() }).value;
}
