import type { PlannedTrial, Progress, StoredSeries, TrialResult, Environment, MetricRow } from "@sluice/study";

/** What a page is told about its trial. */
export interface PageStart {
  readonly trial: PlannedTrial;
  readonly threads: number;
  readonly dataFolder: string | null;
  readonly environment: Environment;
  /** Variables of the environment that say where data is. */
  readonly variables: Readonly<Record<string, string>>;
}

/** A trial that has ended in a page. Files that it keeps are sent one by one. */
export interface PageAnswer {
  readonly result: TrialResult;
  readonly rows: readonly MetricRow[];
  readonly series: readonly StoredSeries[];
  readonly log: readonly string[];
  /** How the browser names itself. */
  readonly agent: string;
  /** Whether the page may share memory among threads. */
  readonly isolated: boolean;
}

/** What a page asks its server at once, because Node's functions answer at once. */
export interface PageQuestion {
  readonly call: "fileURLToPath" | "pathToFileURL" | "resolve";
  readonly of: string;
  /** For `resolve`: the module that asks. */
  readonly from?: string;
}

/** The answer, or why there is none. */
export type PageReply = { readonly value: string } | { readonly error: string };

/** The key that marks a number without a form in JSON. No setting or metric has it. */
const MARK = "\u0000number";

/** JSON in which every number keeps its bits: NaN, the infinities and -0 are marked. */
export const toText = (value: PageAnswer | Progress): string =>
  JSON.stringify(value, (_, part: unknown) =>
    typeof part === "number" && (!Number.isFinite(part) || Object.is(part, -0))
      ? { [MARK]: Object.is(part, -0) ? "-0" : String(part) }
      : part,
  );

/** What {@link toText} has written. */
export function answerOf(text: string): PageAnswer {
  const answer: PageAnswer = JSON.parse(text, (_, part: unknown) =>
    typeof part === "object" && part !== null && MARK in part ? Number(part[MARK]) : part,
  );
  return answer;
}
