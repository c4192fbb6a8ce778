import type { Manifest, ReportModel } from "@sluice/study";
import type { BundledCode } from "./code.ts";
import type { Compute } from "./compute.ts";
import type { DataManifest } from "./data.ts";

/** What is known of a bundle when its texts are written. */
export interface BundleContents {
  readonly manifest: Manifest;
  readonly model: ReportModel;
  readonly code: BundledCode;
  readonly compute: Compute;
  readonly data: DataManifest;
  /** Whether the trials ran with changes that were not committed. */
  readonly hasChanges: boolean;
  /** Weights that were left out. */
  readonly weights: { readonly files: number; readonly bytes: number };
  readonly figures: readonly string[];
  /** What is missing or damaged. */
  readonly problems: readonly string[];
}
