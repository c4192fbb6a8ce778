import {
  differencesText,
  environmentText,
  trialName,
  type Agreement,
  type TrialPair,
  type VerifiedTrial,
} from "@sluice/study";
import { layTable, wrapped, type Column } from "../layout.ts";
import { partingText } from "../parting.ts";

const ORDER: readonly Agreement[] = ["bitwise the same", "within tolerance", "statistically the same", "different"];

/** A table of the trials that are not the same to the bit, in what the runs differ, and a line that counts. */
export function resultLines(verified: readonly VerifiedTrial[], width: number): string[] {
  const counts = ORDER.map(
    (agreement) => [agreement, verified.filter((one) => one.agreement === agreement).length] as const,
  );
  const others = verified.filter(({ agreement }) => agreement !== "bitwise the same");
  return [
    "",
    ...(others.length === 0 ? [] : [...layTable(columns, others, width), ""]),
    ...differenceLines(verified, width),
    counts
      .filter(([, count]) => count > 0)
      .map(([agreement, count]) => `${count} ${agreement}`)
      .join(", "),
  ];
}

/** In what the two runs differ: each difference once, however many trials have it. */
function differenceLines(verified: readonly VerifiedTrial[], width: number): string[] {
  const kinds: readonly (readonly [string, (pair: TrialPair) => string])[] = [
    ["Settings, code, data", ({ differences }) => differencesText(differences)],
    ["Where they ran", ({ environment }) => environmentText(environment)],
  ];
  const lines = kinds.flatMap(([title, textOf]) =>
    [...new Set(verified.map(({ pair }) => textOf(pair)).filter((text) => text !== ""))].flatMap((text) =>
      wrapped(`${title}: ${text}`, width),
    ),
  );
  return lines.length === 0 ? [] : [...lines, ""];
}

const columns: readonly Column<VerifiedTrial>[] = [
  { title: "task", align: "left", keep: 2, cell: ({ pair }) => pair.first.task },
  { title: "trial", align: "left", keep: 3, cell: ({ pair }) => trialName(pair.first) },
  { title: "agreement", align: "left", keep: 4, cell: ({ agreement }) => agreement },
  { title: "they part at", align: "left", keep: 1, most: 70, cell: ({ pair }) => whereText(pair) },
];

/** The first step at which curves part, or else what differs although no curve does. */
function whereText({ first, second, parting, metrics, sameWeights, files }: TrialPair): string {
  if (first.status !== second.status)
    return `${first.status} and ${second.status}${second.reason === undefined ? "" : `: ${second.reason.split("\n")[0]}`}`;
  if (parting !== null) return partingText(parting);
  if (metrics.length > 0) return `the end: ${metrics.join(", ")}`;
  return sameWeights === false ? "the weights" : `the kept files: ${files.join(", ")}`;
}

/** With `--json`. */
export const documentOf = ({ pair, agreement }: VerifiedTrial) => ({
  task: pair.first.task,
  variant: pair.first.variant,
  seed: pair.first.seed,
  fold: pair.first.fold?.index ?? null,
  agreement,
  status: [pair.first.status, pair.second.status],
  parting: pair.parting,
  metrics: pair.metrics,
  sameWeights: pair.sameWeights,
  weights: [pair.first.weights ?? null, pair.second.weights ?? null],
  id: pair.first.id,
  files: pair.files,
  differences: pair.differences,
  environment: pair.environment,
});
