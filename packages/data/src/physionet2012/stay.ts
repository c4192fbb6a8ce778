import { fromRecords, type FromRecords, type ObservedRecord, type SameTime } from "@sluice/irregular";
import { descriptors, measured } from "./variables.ts";

/** A stay, read. */
export interface Stay extends FromRecords {
  /** Descriptors of which the file says -1: unknown. They are neither in the observations nor in the report. */
  readonly unknown: number;
  /** What makes the file another one than expected, or undefined. */
  readonly wrong: string | undefined;
}

/**
 * Reads the file of a stay: a header, then `Time,Parameter,Value`, with times as HH:MM since admission. Descriptors
 * stand at 00:00, and so does the weight at admission; -1 says that one is unknown.
 */
export function readStay(id: string, text: string, sameTime: SameTime): Stay {
  const [header = "", ...lines] = text.trimEnd().split(/\r?\n/);
  const given = lines.map((line, i): ObservedRecord => {
    const [time = "", parameter = "", value = "", ...more] = line.split(",");
    const variable = parameter === "Weight" && time === "00:00" ? "AdmissionWeight" : parameter;
    return { id, time, variable, value: more.length === 0 ? value : line, line: i + 2 };
  });
  const own = given.filter(({ variable }) => variable === "RecordID");
  const isDescriptor = (variable: string): boolean => descriptors.some(({ name }) => name === variable);
  const isUnknown = ({ variable, value }: ObservedRecord): boolean => value === "-1" && isDescriptor(variable);
  const records = given.filter((record) => record.variable !== "RecordID" && !isUnknown(record));
  return {
    ...fromRecords(records, {
      time: { unit: "hours", format: "clock" },
      variables: measured,
      statics: descriptors,
      rows: [id],
      sameTime,
    }),
    unknown: given.filter(isUnknown).length,
    wrong:
      header !== "Time,Parameter,Value"
        ? `its header is "${header.slice(0, 40)}", expected Time,Parameter,Value`
        : own.length !== 1 || own[0]?.value !== id
          ? `it names ${own.length === 0 ? "no RecordID" : `the RecordID ${own.map(({ value }) => value).join(", ")}`}, expected ${id}`
          : undefined,
  };
}
