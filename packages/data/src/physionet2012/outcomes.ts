import { splitCsv } from "@sluice/irregular";
import { failIn, type DataOrigin } from "../error.ts";

/** What became of a patient. */
export interface Outcome {
  /** The record id of the stay. */
  readonly id: string;
  /** Whether the patient died in hospital: 0 or 1. */
  readonly died: 0 | 1;
}

/**
 * Reads `Outcomes-a.txt` or `Outcomes-b.txt`: CSV with the columns `RecordID` and `In-hospital_death`. The outcomes are
 * in the order of the ids. Throws a {@link DataError} that names the line.
 */
export function parseOutcomes(text: string, origin: DataOrigin): Outcome[] {
  const fail = failIn("parseOutcomes", origin);
  const [header, ...lines] = splitCsv(text, { fail: (line, wrong) => fail(`line ${line}`, wrong) });
  const columnOf = (name: string): number => {
    const columns = header?.cells ?? [];
    const at = columns.indexOf(name);
    if (at < 0) fail("line 1", `it has no column ${name}`);
    if (columns.indexOf(name, at + 1) >= 0) fail("line 1", `it has the column ${name} twice`);
    return at;
  };
  const [id, died] = [columnOf("RecordID"), columnOf("In-hospital_death")];
  if (lines.length === 0) fail("line 2", "it has no records");
  const seen = new Set<string>();
  return lines
    .map(({ line, cells }): Outcome => {
      const wrong = (what: string): never => fail(`line ${line}`, what);
      if (cells.length !== header?.cells.length)
        wrong(`it has ${cells.length} cells, but the header has ${header?.cells.length}`);
      const [name = "", outcome] = [cells[id], cells[died]];
      if (!/^\d+$/.test(name) || (outcome !== "0" && outcome !== "1"))
        return wrong(`RecordID and In-hospital_death are "${name}" and "${outcome}", expected a number, and 0 or 1`);
      if (seen.has(name)) wrong(`the record ${name} comes a second time`);
      seen.add(name);
      return { id: name, died: outcome === "1" ? 1 : 0 };
    })
    .toSorted((a, b) => Number(a.id) - Number(b.id));
}
