import { statesOf, probe, sequence, zoneout, type Cell, type NumberByState, type State } from "@sluice/cells";
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
  /** Why `sequence` cannot compute it by an associative scan; undefined if it can. */
  readonly noScan: string | undefined;
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
    noScan: refusalOf(() => sequence(cell, { scan: "associative" })),
    exceptions: Object.entries(except).map(([law, why]) => `${law}: ${why}`),
  };
}

/** What the refusal of `make` says after the name of the cell, without the way out; undefined if it is not refused. */
function refusalOf(make: () => unknown): string | undefined {
  try {
    make();
    return undefined;
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    return /: ([^]*?)(?:; [^;]*)?$/.exec(message.replace(/^sequence: [^:]*: "associative"/, ""))?.[1] ?? message;
  }
}

function normPlaces(make: Entry["make"]): readonly string[] | string {
  const refusal = refusalOf(() => make({ ...sizes, norm: layerNorm() }));
  return refusal ?? placesIn(make({ ...sizes, norm: layerNorm() }).params, "");
}

/** The places of the cell, and those of cells within it under their names. */
function placesIn(params: object, within: string): readonly string[] {
  return Object.entries(params).flatMap<string>(([name, child]: [string, unknown]) => {
    if (typeof child !== "object" || child === null || "kind" in child) return [];
    return name === "norm"
      ? Object.keys(child).map((place) => `${within}${place}`)
      : placesIn(child, `${within}${name}.`);
  });
}

/** The float states, each as far as zoneout takes it. */
function zoned(cell: Cell): readonly string[] {
  return statesOf(cell.state)
    .filter(({ dtype }) => dtype === "f32")
    .map(({ path }) => path)
    .filter((path) => refusalOf(() => zoneout(cell, nested(path.split("."), 0.1))) === undefined);
}

/** `{ gru: { h: rate } }` of the path gru, h. */
function nested([name, ...below]: readonly string[], rate: number): NumberByState<State> {
  return name === undefined ? {} : { [name]: below.length === 0 ? rate : nested(below, rate) };
}
