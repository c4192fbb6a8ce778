import { better, type Claim } from "@sluice/study";
import type { Headline } from "./kinds.ts";

/** What the claims of a job are about. */
export interface Compared {
  /** The variants; the claims are about the first one. */
  readonly variants: readonly string[];
  /** The metric of each task. */
  readonly tasks: readonly (Headline & { readonly task: string })[];
  /** What is the same for all, as the end of a sentence; empty if nothing is. */
  readonly equal?: string;
}

/** The claims that the first variant is better than each other one on each task: paired tests, which `study` corrects. */
export function firstIsBetter({ variants: [first = "", ...others], tasks, equal = "" }: Compared): Claim[] {
  return tasks.flatMap(({ task, metric, described: { label, better: direction } }) =>
    others.map((than) => ({
      text: `On ${task}, ${first} is better than ${than}${equal} (${direction} ${label[0]?.toLowerCase()}${label.slice(1)}).`,
      kind: "own" as const,
      test: better({ task, metric, variant: first, than }),
    })),
  );
}
