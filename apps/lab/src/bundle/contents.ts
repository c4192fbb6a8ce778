import type { Manifest, ReportModel } from "@sluice/study";
import type { BundledCode } from "./code.ts";
import type { Compute } from "./compute.ts";

/** What is known of a bundle when its texts are written. */
export interface BundleContents {
  readonly manifest: Manifest;
  readonly model: ReportModel;
  readonly code: BundledCode;
  readonly compute: Compute;
  readonly figures: readonly string[];
  /** What is missing or damaged. */
  readonly problems: readonly string[];
}
