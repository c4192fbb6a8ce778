import {
  areSame,
  differencesText,
  environmentText,
  trialName,
  type RunComparison,
  type TrialPair,
} from "@sluice/study";
import { comparing, type Widths } from "../comparison.ts";
import { hanging } from "../layout.ts";
import { partingText } from "../parting.ts";
import { plural } from "../plural.ts";
import type { AddCommand } from "../terminal.ts";
import { countLines, someOf } from "./diff.ts";

export const addWhy: AddCommand = (program, terminal, ended) => {
  const command = program
    .command("why")
    .description("say why two runs have different results: which setting, code, data or machine, and from which step")
    .addHelpText("after", "\nExample:\n  sluice why runs/digits/quick runs/digits/full");
  comparing(command, { lines: whyLines, document: reasonsOf }, { terminal, ended });
};

const whyLines = (comparison: RunComparison, { textWidth }: Widths): string[] =>
  [...countLines(comparison), ...reasonsOf(comparison).flatMap((reason) => ["", ...reasonLines(reason)])].flatMap(
    (line) => hanging(line, { width: textWidth, indent: line.startsWith(" ") ? 4 : 2 }),
  );

/** Trials that differ in the same things. */
interface Reason {
  /** In words; "nothing that results should depend on" if identity and environment explain nothing. */
  readonly because: string;
  readonly trials: readonly string[];
  /** How many of them have the same results all the same. */
  readonly same: number;
  /** The earliest step at which curves part, with the trial. */
  readonly earliest: { readonly trial: string; readonly at: string } | null;
  /** In what the places differ where they ran; "" for nothing. */
  readonly where: string;
}

function reasonsOf({ pairs }: RunComparison): readonly Reason[] {
  const groups = new Map<string, TrialPair[]>();
  for (const pair of pairs) groups.set(becauseOf(pair), [...(groups.get(becauseOf(pair)) ?? []), pair]);
  return [...groups].map(([because, group]) => {
    const parted = group
      .flatMap((pair) => (pair.parting === null ? [] : [{ name: nameOf(pair), parting: pair.parting }]))
      .toSorted((a, b) => a.parting.step - b.parting.step);
    const [earliest] = parted;
    return {
      because,
      trials: group.map(nameOf),
      same: group.filter(areSame).length,
      where: [...new Set(group.map(({ environment }) => environmentText(environment)))].filter(isSaid).join("; or "),
      earliest: earliest === undefined ? null : { trial: earliest.name, at: partingText(earliest.parting) },
    };
  });
}

const nameOf = ({ first }: TrialPair): string => `${first.task} / ${trialName(first)}`;

/** An environment should not change results, so it counts only where nothing else differs and the results do. */
function becauseOf(pair: TrialPair): string {
  const text = differencesText(pair.differences);
  if (text !== "") return text;
  if (areSame(pair)) return "nothing";
  const { environment } = pair;
  if (pair.first.status !== "done" || pair.second.status !== "done")
    return `nothing but how they ended: ${pair.first.status} and ${pair.second.status}`;
  return environment.length === 0
    ? "nothing that is recorded: the trials are not deterministic, or read what the study does not declare"
    : "only where they ran";
}

const isSaid = (text: string): boolean => text !== "";

function reasonLines({ because, trials, same, earliest, where }: Reason): string[] {
  return [
    `${plural(trials.length, "trial")} (${someOf(trials, 3)}) differ in: ${because}`,
    ...(where === "" ? [] : [`  where they ran: ${where}`]),
    `  results: ${same} the same to the bit, ${trials.length - same} others`,
    ...(earliest === null ? [] : [`  curves part first in ${earliest.trial}, ${earliest.at}`]),
  ];
}
