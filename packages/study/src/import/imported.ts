import type { PlannedTrial } from "../plan.ts";

/** Where an imported trial is from. Its presence marks a trial that was not run by this store's study. */
export interface Imported {
  /** SHA-256 of all that was imported: settings, status, curves, summary values and files. Part of the identity. */
  readonly sha256: string;
  /** Where it is from, in words, such as a path or "W&B project grus". */
  readonly source: string;
  /** SHA-256 of the files that it was read from, by name. Others than the ones that are kept. */
  readonly read: { readonly [file: string]: string };
  /** When it was imported, as ISO 8601 in UTC. */
  readonly date: string;
  /** Who ran it; `null` if that is not known. */
  readonly by: string | null;
  /** What it ran on; `null` if that is not known. */
  readonly hardware: string | null;
  /** What it ran with, such as "PyTorch 2.9"; `null` if that is not known. */
  readonly software: string | null;
  /** The commit of its code; `null` if that is not known. */
  readonly commit: string | null;
}

/** A trial that ran elsewhere. */
export type ImportedTrial = PlannedTrial & { readonly imported: Imported };

/** Where imported trials are from, as the user says it. */
export type ImportedFrom = Pick<Imported, "source" | "by" | "hardware" | "software" | "commit">;

/** The code of a trial that ran elsewhere. */
export const UNKNOWN_CODE = "not identified";
