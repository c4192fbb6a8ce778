import { statesOf, probe, recurrenceOf, zoneout, type Cell } from "@sluice/cells";
import { layerNorm } from "@sluice/norm";
import { parameterCount } from "@sluice/params";
import type { Entry } from "./entries.ts";

/** What a cell is and can do, asked of the cell itself. */
export interface Facts {
  /** Numbers among its parameters, with 128 inputs and 128 units. */
  readonly parameters: number;
  readonly states: readonly string[];
  readonly traces: readonly string[];
  /** The places where a normalizer acts, or why there is none. */
  readonly norm: readonly string[] | string;
  /** The states that zoneout reaches. */
  readonly zoneout: readonly string[];
  /** Whether `sequence` can compute it by an associative scan. */
  readonly scan: boolean;
  /** What of lengths, masks, resets, streams and the other laws of every cell does not hold, and why. */
  readonly exceptions: readonly string[];
}

const sizes = { input: 128, hidden: 128 };

export function factsOf({ make, except = {} }: Entry): Facts {
  const cell = make(sizes);
  return {
    parameters: parameterCount(cell),
    states: statesOf(cell.state).map(({ path }) => path),
    traces: Object.keys(probe(cell).traces),
    norm: normPlaces(make),
    zoneout: zoned(cell),
    scan: recurrenceOf(cell) !== undefined,
    exceptions: Object.entries(except).map(([law, why]) => `${law}: ${why}`),
  };
}

function normPlaces(make: Entry["make"]): readonly string[] | string {
  try {
    const { params } = make({ ...sizes, norm: layerNorm() });
    return Object.keys(Object(params)["norm"] ?? {});
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

/** The float states at the top, each as far as zoneout takes it. */
function zoned(cell: Cell): readonly string[] {
  return statesOf(cell.state)
    .filter(({ dtype, path }) => dtype === "f32" && !path.includes("."))
    .map(({ path }) => path)
    .filter((path) => {
      try {
        zoneout(cell, { [path]: 0.1 });
        return true;
      } catch {
        return false;
      }
    });
}
