import type { PlannedTrial } from "../plan.ts";
import type { Progress } from "../trial.ts";

/** From the runner to the process of a trial. */
export type ToTrial =
  | {
      readonly kind: "start";
      readonly modulePath: string;
      readonly folder: string;
      readonly trial: PlannedTrial;
      readonly threads: number;
      readonly dataFolder: string | null;
    }
  | { readonly kind: "abort" };

/** From the process of a trial to the runner. How it ended stands in `result.json`; this only moves the live table. */
export type FromTrial =
  | { readonly kind: "resumed"; readonly step: number }
  | { readonly kind: "progress"; readonly progress: Progress }
  | { readonly kind: "broken"; readonly reason: string };
