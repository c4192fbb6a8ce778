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
  /** Laws that do not hold for the cell, and why: `{ "masks equal the cut sequence": "statistics of the batch" }`. */
  readonly except?: Partial<Readonly<Record<LawName, string>>>;
  /** Where the law about backends is tried. Without one it is left out. */
  readonly backend?: Backend | undefined;
  /** How far the backend may be from the reference, relative to the largest value. Default 0: to the bit. */
  readonly tolerance?: number;
  /**
   * Values of `x` or of an extra input, `[...lead, ...shape]`, for a cell that does not take just any. By default
   * numbers from 0.1 to 1, integers 0 and 1, and bools.
   */
  readonly input?: MakeInput;
}

const inDouble = {
  "the gradient is that of the differences": laws.gradient,
  "the second derivative is that of the differences": laws.secondDerivative,
} as const;

const inSingle = {
  "parameters are named and counted": laws.parameters,
  "parameters are saved and loaded": laws.saved,
  "lengths equal truncated runs": overTime.truncated,
  "masks equal the cut sequence": overTime.masked,
  "what is not looked at reaches nothing": overTime.notLookedAt,
  "resets equal separate runs": overTime.reset,
  "a carried state goes on": overTime.carried,
  "a stream equals the sequence": overTime.streamed,
  "both directions are one forwards and one backwards": overTime.bothDirections,
  "modifiers change what they say and nothing else": laws.modifiers,
  "evaluation draws nothing": laws.evaluationDrawsNothing,
} as const;

const associativeLaw = "an associative scan agrees with the loop";
const backendLaw = "a backend has the reference's values";

/** The name of a law that every cell must obey. */
export type LawName = keyof typeof inDouble | keyof typeof inSingle | typeof associativeLaw | typeof backendLaw;

/**
 * The laws that every cell must pass, as tests of any runner:
 *
 *     for (const { name, skip, run } of cellSuite(janet({ input: 2, hidden: 3 }), { backend: wasm() }))
 *       test(name, { skip: skip !== undefined }, run);
 *
 * Gradients of first and second order in f64 against differences; lengths, masks, resets, carried states, streams and
 * directions against separate runs, to the bit; where the cell offers a recurrence, its associative scan against the
 * loop; zoneout and dropout; evaluation; names, counts, saving and loading of
 * the parameters; and values and gradients on a backend. Make the cell small, of two inputs and three units: it is run
 * some thousand times. A cell with random modifiers is looked at in evaluation.
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
      ...(recurrenceOf(cell) === undefined ? { [associativeLaw]: "the cell offers no recurrence" } : {}),
      ...(backend === undefined ? { [backendLaw]: "no backend is given" } : {}),
    },
  });
}
