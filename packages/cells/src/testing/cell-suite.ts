import type { Backend } from "@sluice/tensor";
import { checkOptions } from "@sluice/tensor/internal";
import { checksOf, type Law, lawsOf, once, type RunLaw } from "@sluice/tensor/testing";
import type { Cell } from "../cell/cell.ts";
import { checkCell } from "../cell/check-cell.ts";
import { recurrenceOf } from "../cell/recurrence.ts";
import { associative } from "./associative.ts";
import { onBackend } from "./compiled.ts";
import * as laws from "./laws.ts";
import * as overTime from "./laws-over-time.ts";
import { subjectOf, type MakeInput } from "./subject.ts";

/** One law, to be run as a test. */
export type CellLaw = Law<LawName>;

/** Options of {@link cellSuite}. */
export interface CellSuiteOptions {
  /**
   * Laws to skip because they do not hold for the cell, each with the reason: `{ "masks equal the cut sequence":
   * "statistics of the batch" }`.
   */
  readonly except?: Partial<Readonly<Record<LawName, string>>>;
  /** The backend for the law about backends. Without one, that law is skipped. */
  readonly backend?: Backend | undefined;
  /** How far the backend may differ from the reference, relative to the largest value. Default 0: bit for bit. */
  readonly tolerance?: number;
  /**
   * Values of `x` or of an extra input, `[...lead, ...shape]`, for a cell that does not accept arbitrary values.
   * Default: numbers from 0.1 to 1, integers 0 and 1, and bools.
   */
  readonly input?: MakeInput;
}

const inDouble = {
  "the gradient equals finite differences": laws.gradient,
  "the second derivative equals finite differences": laws.secondDerivative,
} as const;

const inSingle = {
  "parameters are named and counted": laws.parameters,
  "parameters are saved and loaded": laws.saved,
  "lengths equal truncated runs": overTime.truncated,
  "masks equal the cut sequence": overTime.masked,
  "values at skipped steps reach nothing": overTime.notLookedAt,
  "resets equal separate runs": overTime.reset,
  "two windows equal one run": overTime.carried,
  "a stream equals the sequence": overTime.streamed,
  "bidirectional equals a forward and a backward run": overTime.bothDirections,
  "modifiers change only what they name": laws.modifiers,
  "evaluation draws nothing": laws.evaluationDrawsNothing,
} as const;

const associativeLaw = "an associative scan agrees with the loop";
const backendLaw = "a backend has the reference's values";

/** The name of a law that every cell must obey. */
export type LawName = keyof typeof inDouble | keyof typeof inSingle | typeof associativeLaw | typeof backendLaw;

/**
 * The laws that every cell must pass, as tests for any test runner:
 *
 *     for (const { name, skip, run } of cellSuite(janet({ input: 2, hidden: 3 }), { backend: wasm() }))
 *       test(name, { skip: skip !== undefined }, run);
 *
 * They compare first and second derivatives in f64 with finite differences; lengths, masks, resets, carried states,
 * streams and directions with separate runs, bit for bit; the associative scan with the loop, if the cell has a
 * recurrence; zoneout and dropout; evaluation; names, counts, saving and loading of the parameters; and values and
 * gradients on a backend. Make the cell small, with two inputs and three units: it runs some thousand times. A cell
 * with random modifiers is checked in evaluation.
 */
export function cellSuite(cell: Cell, options: CellSuiteOptions = {}): readonly CellLaw[] {
  checkOptions("cellSuite", options, ["except", "backend", "tolerance", "input"]);
  checkCell("cellSuite", cell);
  const { except, backend, tolerance = 0, input } = options;
  const single = once(() => subjectOf(cell, input));
  const double = once(() => subjectOf(cell, input, "f64"));
  const checks: Readonly<Record<LawName, RunLaw>> = {
    ...checksOf(inSingle, single),
    ...checksOf(inDouble, double),
    [associativeLaw]: () => associative(double()),
    async [backendLaw]() {
      if (backend !== undefined) await onBackend(single(), backend, tolerance);
    },
  };
  return lawsOf("cellSuite", checks, {
    except,
    untried: {
      ...(recurrenceOf(cell) === undefined ? { [associativeLaw]: "the cell has no recurrence" } : {}),
      ...(backend === undefined ? { [backendLaw]: "no backend is given" } : {}),
    },
  });
}
