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
  "a padded row is as without padding": laws.unpadded,
  "all present is as nothing said": laws.saysNothing,
  "rows are independent": laws.independent,
  "modalities come in any order": laws.anyOrder,
  "only training draws, and from its key": laws.randomness,
  "evaluation leaves the buffers, and training gives the next ones": laws.buffered,
  "traces are given where asked for": laws.traced,
} as const;

const backendLaw = "a backend has the reference's values";

/** The names of the laws. */
export type FusionLawName = keyof typeof inDouble | keyof typeof inSingle | typeof backendLaw;

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
