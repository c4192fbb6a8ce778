import {
  areSame,
  differencesText,
  formatNumber,
  trialName,
  type RunComparison,
  type TrialPair,
  type TrialRecord,
} from "@sluice/study";
import { comparing, type Widths } from "../comparison.ts";
import { fitted, fittedText, hiddenLines, layLists, type Column } from "../layout.ts";
import { partingText } from "../parting.ts";
import { plural } from "../plural.ts";
import type { AddCommand } from "../terminal.ts";

export const addDiff: AddCommand = (program, terminal, ended) => {
  const command = program
    .command("diff")
    .description("compare two runs trial by trial: settings, code, data, results, and where curves part")
    .addHelpText("after", "\nExample:\n  sluice diff runs/digits/quick runs/digits/quick+hidden=128");
  comparing(command, { lines: diffLines, document: (comparison) => comparison }, { terminal, ended });
};

function diffLines(comparison: RunComparison, { width, textWidth }: Widths): string[] {
  const { pairs } = comparison;
  return [
    ...pairLines(pairs, width),
    ...(pairs.length === 0
      ? ["The runs have no trial in common: no task, variant, seed and fold of the same names."]
      : [""]),
    ...countLines(comparison).flatMap((line) => fittedText(line, textWidth)),
  ];
}

/** A table, or a list for each pair if the table has no room for the trials' names. */
function pairLines(pairs: readonly TrialPair[], width: number): string[] {
  if (pairs.length === 0) return [];
  const { lines, hidden } = fitted(columns, pairs, { width });
  return hidden.includes("trial") ? layLists(columns, pairs, width) : [...lines, ...hiddenLines(hidden, width)];
}

/** How many trials are the same, which only one run has, and which code differs. */
export function countLines({ pairs, onlyFirst, onlySecond, code }: RunComparison): string[] {
  const same = pairs.filter(areSame).length;
  return [
    `${plural(pairs.length, "trial")} in both: ${same} with the same results to the bit, ${pairs.length - same} with others.`,
    ...(onlyFirst.length > 0 ? [`Only in the first: ${namesText(onlyFirst)}.`] : []),
    ...(onlySecond.length > 0 ? [`Only in the second: ${namesText(onlySecond)}.`] : []),
    ...(code !== null && code.length > 0 ? [`Code that differs: ${someOf(code, 8)}.`] : []),
    ...(code === null ? ["The code differs; an older run does not say in which files."] : []),
  ];
}

/** "6 trials (a / x seed 0; a / x seed 1; a / x seed 2 and 3 more)". */
const namesText = (trials: readonly TrialRecord[]): string =>
  `${plural(trials.length, "trial")} (${someOf(
    trials.map((trial) => `${trial.task} / ${trialName(trial)}`),
    3,
  )})`;

/** The first of some names, and how many more there are. */
export function someOf(names: readonly string[], most: number): string {
  const rest = names.length > most ? ` and ${names.length - most} more` : "";
  return `${names.slice(0, most).join("; ")}${rest}`;
}

const value = (of: number | null | undefined): string => (of === null || of === undefined ? "none" : formatNumber(of));

/** What differs although every summary value is the same. */
function otherText({ parting, sameWeights, files }: TrialPair): string {
  const what = [
    ...(parting === null ? [] : ["curves"]),
    ...(sameWeights === false ? ["weights"] : []),
    ...(files.length === 0 ? [] : [files.join(", ")]),
  ];
  return `other ${what.join(" and ")}`;
}

const columns: readonly Column<TrialPair>[] = [
  { title: "task", align: "left", keep: 3, cell: ({ first }) => first.task },
  { title: "trial", align: "left", keep: 4, cell: ({ first }) => trialName(first) },
  {
    title: "differs in",
    align: "left",
    keep: 5,
    most: 60,
    cell: ({ differences }) => differencesText(differences) || "nothing",
  },
  {
    title: "results",
    align: "left",
    keep: 6,
    most: 60,
    cell: (pair) => {
      if (areSame(pair)) return "the same to the bit";
      const [name] = pair.metrics;
      const { first, second } = pair;
      if (first.status !== second.status) return `${first.status} and ${second.status}`;
      return name === undefined
        ? otherText(pair)
        : `${name} ${value(first.metrics[name])} → ${value(second.metrics[name])}`;
    },
  },
  {
    title: "curves part at",
    align: "left",
    keep: 2,
    most: 70,
    cell: ({ parting }) => (parting === null ? "" : partingText(parting)),
  },
];
