import { areSame, compareRuns, differencesText, trialName, type RunComparison, type TrialPair } from "@sluice/study";
import { storeAt } from "../stores.ts";
import { plural } from "../study-options.ts";
import { EXIT, type AddCommand, type Terminal } from "../terminal.ts";
import { countLines, partingText } from "./diff.ts";

interface Flags {
  readonly json?: boolean;
}

export const addWhy: AddCommand = (program, terminal, ended) => {
  program
    .command("why")
    .description("say why two runs have different results: which setting, code, data or machine, and from which step")
    .argument("<first>", "a runs folder, such as runs/digits/quick")
    .argument("<second>", "another one")
    .option("--json", "print JSON")
    .addHelpText("after", "\nExample:\n  sluice why runs/digits/quick runs/digits/full")
    .action(async (first: string, second: string, flags: Flags) =>
      ended(await why([first, second], { flags, terminal })),
    );
};

async function why(
  [first, second]: readonly [string, string],
  { flags, terminal }: { readonly flags: Flags; readonly terminal: Terminal },
): Promise<number> {
  const { folder, stdout, stderr } = terminal;
  const comparison = await compareRuns(storeAt(first, folder), storeAt(second, folder));
  for (const problem of comparison.problems) stderr.write(`${problem}\n`);
  const reasons = reasonsOf(comparison);
  const lines =
    flags.json === true
      ? [JSON.stringify(reasons, null, 2)]
      : [...countLines(comparison), ...reasons.flatMap((reason) => ["", ...reasonLines(reason)])];
  for (const line of lines) stdout.write(`${line}\n`);
  return EXIT.done;
}

/** Trials that differ in the same things. */
interface Reason {
  /** In words; "nothing that results should depend on" if identity and environment explain nothing. */
  readonly because: string;
  readonly trials: readonly string[];
  /** How many of them have the same results all the same. */
  readonly same: number;
  /** The earliest step at which curves part, with the trial. */
  readonly earliest: { readonly trial: string; readonly at: string } | null;
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
    : `only where they ran: ${environment.join(", ")}`;
}

function reasonLines({ because, trials, same, earliest }: Reason): string[] {
  const shown = trials.slice(0, 3).join("; ");
  const rest = trials.length > 3 ? ` and ${trials.length - 3} more` : "";
  return [
    `${plural(trials.length, "trial")} (${shown}${rest}) differ in: ${because}`,
    `  results: ${same} the same to the bit, ${trials.length - same} others`,
    ...(earliest === null ? [] : [`  curves part first in ${earliest.trial}, ${earliest.at}`]),
  ];
}
