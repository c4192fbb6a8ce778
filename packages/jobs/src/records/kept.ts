import { parseJson } from "@sluice/formats";
import { TensorError } from "@sluice/tensor";
import { hasMembers, shown } from "@sluice/tensor/internal";
import type { Fitting, RecordsTarget } from "./prepared.ts";

/** The name of the file of what was fitted, among the files of a trial. */
export const fittingFile = "fitting.json";

/** What a trial keeps besides its weights: all that its predictions need. */
export interface KeptFitting extends Fitting {
  readonly target: RecordsTarget;
  readonly cell: string;
  readonly hidden: number;
  readonly inputs: "joined" | "separate";
  /** The file of the weights. */
  readonly weights: string;
}

/** Reads a file that a trial has kept, by its name. */
export type ReadKept = (name: string) => Uint8Array | Promise<Uint8Array>;

/** The bytes of what was fitted. */
export const fittingBytes = (kept: KeptFitting): Uint8Array => new TextEncoder().encode(JSON.stringify(kept, null, 1));

/** What was fitted, read from the files of a trial. */
export async function readFitting(read: ReadKept, { name, categories }: RecordsTarget): Promise<KeptFitting> {
  const kept: unknown = parseJson(new TextDecoder().decode(await read(fittingFile)));
  if (!isFitting(kept))
    throw new TensorError(`predict: ${fittingFile} has ${shown(kept)}, expected what a trial of recordsStudy has kept`);
  if (kept.target.name === name && String(kept.target.categories) === String(categories)) return kept;
  throw new TensorError(`predict: the model predicts ${kept.target.name}, but the study's target is ${name}`);
}

const isFitting = (kept: unknown): kept is KeptFitting =>
  hasMembers(kept, {
    scaler: "object",
    imputer: "object",
    target: "object",
    cell: "string",
    inputs: "string",
    weights: "string",
    hidden: "number",
    gap: "number",
    spread: "number",
    center: "number",
  });
