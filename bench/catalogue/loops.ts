import { optimize, type Plan, planProgram, type Step } from "@sluice/compiler";
import { recordProgram } from "@sluice/tensor";
import type { Entry } from "./entries.ts";
import { trainingOf, type Size } from "./training.ts";

/** Columns of a packed panel, as in `@sluice/wasm`. */
const PANEL_COLUMNS = 8;

/** What one step of a loop does, by kind; the kinds beside products, passes and reductions by name. */
export interface LoopSteps {
  readonly products: number;
  readonly passes: number;
  /** Reductions of values in memory. Those of values that a pass computes are part of it. */
  readonly reductions: number;
  readonly others: readonly string[];
}

/** The loops of forward and backward with the gradients of all parameters and of x, in order, as they are planned. */
export function loopsOf(entry: Entry, size: Size): readonly LoopSteps[] {
  return planOf(entry, size).steps.flatMap((step) => (step.kind === "loop" ? [countOf(step.body)] : []));
}

/** The plan of that program. */
export function planOf(entry: Entry, size: Size): Plan {
  const { backward, types } = trainingOf(entry, size);
  return planProgram(optimize(recordProgram(backward, types).program), { panelColumns: PANEL_COLUMNS });
}

function countOf(body: readonly Step[]): LoopSteps {
  const count = (wanted: Step["kind"]): number => body.filter(({ kind }) => kind === wanted).length;
  const known: readonly Step["kind"][] = ["matmul", "elementwise", "reduce"];
  return {
    products: count("matmul"),
    passes: count("elementwise"),
    reductions: count("reduce"),
    others: body.map(({ kind }) => kind).filter((kind) => !known.includes(kind)),
  };
}
