import type { Backend } from "@sluice/tensor";
import { checkMade, checkOptions } from "@sluice/tensor/internal";
import { checksOf, type Law, lawsOf, once, type RunLaw } from "@sluice/tensor/testing";
import type { Fusion } from "../fusion.ts";
import { onBackend } from "./compiled.ts";
import * as laws from "./laws.ts";
import { subjectOf, type MakeModality } from "./subject.ts";

/** One law, to be run as a test. */
export type FusionLaw = Law<FusionLawName>;

/** Options of {@link fusionSuite}. */
export interface FusionSuiteOptions {
  /** Laws that do not hold for the fusion, and why: `{ "rows are independent": "statistics of the batch" }`. */
  readonly except?: Partial<Readonly<Record<FusionLawName, string>>>;
  /** The backend for the law about backends. Without one, that law is skipped. */
  readonly backend?: Backend | undefined;
  /** How far the backend may differ from the reference, relative to the largest value. Default 0: bit for bit. */
  readonly tolerance?: number;
  /**
   * Values of a modality, `[...lead, ...shape]`, for a fusion that does not accept arbitrary values. Default: normal
   * floats, integers 0 and 1, and bools.
   */
  readonly input?: MakeModality;
}

const inDouble = {
  "the gradient equals finite differences": laws.gradient,
  "the second derivative equals finite differences": laws.secondDerivative,
} as const;

const inSingle = {
  "parameters are named and counted": laws.parameters,
  "parameters are saved and loaded": laws.saved,
  "every parameter and modality is used": laws.used,
  "the output has the shape of outputShape": laws.shapes,
  "what is missing reaches nothing": laws.missingReachesNothing,
  "padding reaches nothing": laws.paddingReachesNothing,
  "a padded row equals the row without padding": laws.unpadded,
  "present everywhere equals the default": laws.saysNothing,
  "rows are independent": laws.independent,
  "modalities come in any order": laws.anyOrder,
  "only training draws, and from its key": laws.randomness,
  "evaluation leaves the buffers, and training gives the next ones": laws.buffered,
  "traces are given on request": laws.traced,
} as const;

const backendLaw = "a backend has the reference's values";

/** The names of the laws. */
export type FusionLawName = keyof typeof inDouble | keyof typeof inSingle | typeof backendLaw;

/**
 * The laws that every fusion must pass, as tests for any test runner:
 *
 *     for (const { name, skip, run } of fusionSuite(gmu({ inputs: { audio: 2, pose: 3 }, output: 2 }), { backend }))
 *       test(name, { skip: skip !== undefined }, run);
 *
 * They check first and second derivatives in f64 against finite differences; missing modalities and padding, NaN
 * included; rows alone and in a batch; shapes, traces and random numbers; names, counts, saving and loading of the
 * parameters; and values and gradients on a backend. Make the fusion small, of two or three modalities of width 1 to 3.
 */
export function fusionSuite(fusion: Fusion, options: FusionSuiteOptions = {}): readonly FusionLaw[] {
  checkOptions("fusionSuite", options, ["except", "backend", "tolerance", "input"]);
  checkMade(
    "fusionSuite",
    "the fusion",
    fusion,
    {
      inputs: "object",
      params: "object",
      init: "function",
      initialBuffers: "function",
      outputShape: "function",
      apply: "function",
    },
    "gmu({ inputs, output })",
  );
  const { except, backend, tolerance = 0, input } = options;
  const single = once(() => subjectOf(fusion, input));
  const checks: Readonly<Record<FusionLawName, RunLaw>> = {
    ...checksOf(inSingle, single),
    ...checksOf(
      inDouble,
      once(() => subjectOf(fusion, input, "f64")),
    ),
    async [backendLaw]() {
      if (backend !== undefined) await onBackend(single(), backend, tolerance);
    },
  };
  return lawsOf("fusionSuite", checks, {
    except,
    untried: backend === undefined ? { [backendLaw]: "no backend is given" } : {},
  });
}
