import { formatSeconds, trialName } from "@sluice/study";
import type { BundledCode } from "./code.ts";
import type { Spent } from "./compute.ts";
import type { BundleContents } from "./contents.ts";

/** An answer, and whether it leaves nothing to be said. */
type Item = readonly [answered: boolean, text: string];

/** The questions of reviewers, answered from what is known; what is not answered is left open. */
export function checklistText(contents: BundleContents): string {
  const items = [...codeItems(contents), ...resultItems(contents), ...costItems(contents), ...openItems(contents)];
  return `# Checklist: ${contents.manifest.title}

Ticked is what the files answer. What is not ticked needs a sentence in the paper.

${items.map(([answered, text]) => `- [${answered ? "x" : " "}] ${text.replaceAll(/\.+$/g, "")}.`).join("\n")}
`;
}

function codeItems(contents: BundleContents): readonly Item[] {
  const { manifest, code } = contents;
  const { unresolved = [] } = manifest;
  const missing = code.missing.length === 0 ? "" : `. Missing: ${code.missing.join("; ")}`;
  return [
    [true, `Code: ${code.identity}`],
    unresolvedItem(unresolved, code),
    [code.lock !== null && missing === "", `Packages: ${code.lock ?? "no lock file"}${missing}`],
    [true, "Settings of every trial: `run/trials/*/config.json`, `tables/trials.csv`"],
    dataItem(contents),
  ];
}

/** A checkout is included as a whole, so what its code loads by a computed name is there too. */
function unresolvedItem(unresolved: readonly string[], { install }: BundledCode): Item {
  if (unresolved.length === 0) return [true, "Code: every import is known from the text, so all code has been found"];
  const whole = install.length === 0;
  const files = `${unresolved.map((text) => text.replace(": a name that is known only when it runs: ", ", at ")).join("; ")}. ${whole ? "The whole repository is included" : "Look whether it loads files that are not in `code/`"}`;
  return [whole, `Code that is loaded by a name that is known only when it runs: ${files}`];
}

function dataItem({ data: { files, obtain } }: BundleContents): Item {
  if (files.length === 0) return [true, "Data: made by the code"];
  const count = files.length === 1 ? "1 file" : `${files.length} files`;
  const included = files.filter((file) => file.included).length;
  const here = included === 0 ? "not included" : `${included} included in \`code/\``;
  const sources = [...new Set(files.flatMap(({ source }) => source ?? []))];
  const packages = sources.length === 0 ? "" : ` From the ${sources.join("; ")}.`;
  const from = obtain === null ? "" : ` The study says: "${obtain.replaceAll(/\s+/g, " ").replace(/\.$/, "")}".`;
  return [
    false,
    `Data: ${count} by SHA-256 in \`data.json\`, ${here}.${packages}${from} Say where they are from, and under which licence`,
  ];
}

function resultItems({ model: { results, claims }, figures }: BundleContents): readonly Item[] {
  const seeds = [...new Set(results.trials.map(({ seed }) => seed))];
  const few = seeds.length < 5;
  const lost = results.trials.filter(({ status }) => status !== "done").length;
  const all = results.trials.length;
  const verdicts = claims.map(({ text, words }) => `"${text}" ${words}`).join("; ");
  return [
    [
      !few,
      `Seeds: ${seeds.length} (${seeds.join(", ")}), the same for every variant${few ? "; intervals of so few are wide" : ""}`,
    ],
    [true, "Spread: 95 % intervals of the mean by Student's t; every value is in `statistics.json`"],
    lost === 0
      ? [true, `Trials: all ${all} are done`]
      : [
          false,
          `Trials: ${lost} of ${all} are not done (${howEnded(results)}). Means leave them out; say why they failed`,
        ],
    importedItem(results.trials),
    [claims.every(({ verdict }) => verdict !== "undecided"), `Claims: ${verdicts || "none"}`],
    [true, `Figures: ${figures.length} in \`figures/\`, each with its numbers`],
  ];
}

function importedItem(trials: BundleContents["model"]["results"]["trials"]): Item {
  const imported = trials.filter((trial) => trial.imported !== undefined);
  if (imported.length === 0) return [true, "Imported trials: none, all ran with this code"];
  const sources = [...new Set(imported.map((trial) => trial.imported?.source ?? ""))].join("; ");
  const text =
    `Imported trials: ${imported.length} of ${trials.length} ran elsewhere (${sources}). \`verify.sh\` cannot run them ` +
    "again. Say with which code they ran, and where it is";
  return [false, text];
}

/** "2 failed, 1 diverged; such as line / throwing seed 0: the trial broke a promise". */
function howEnded({ trials }: BundleContents["model"]["results"]): string {
  const lost = trials.filter(({ status }) => status !== "done");
  const counts = [...new Set(lost.map(({ status }) => status))].map(
    (status) => `${lost.filter((trial) => trial.status === status).length} ${status}`,
  );
  const [first] = lost;
  const example =
    first === undefined
      ? ""
      : `; such as ${first.task} / ${trialName(first)}: ${first.reason?.split("\n")[0] ?? first.status}`;
  return `${counts.join(", ")}${example}`;
}

function costItems({ model: { results, environments }, compute }: BundleContents): readonly Item[] {
  const own = sumOf(Object.values(compute.run));
  const others = sumOf([...Object.values(compute.others), compute.aside]);
  const reasons = [...new Set(results.trials.flatMap(({ varies }) => varies ?? []))];
  const one = environments.length === 1;
  return [
    [one, `Where it ran: ${environments.length} environment${one ? "" : "s"}, in \`environment.json\``],
    [
      true,
      `Compute: ${formatSeconds(own.seconds)} for the ${own.trials} trials` +
        (others.trials === 0
          ? ", and no others in the same folder"
          : `, and ${formatSeconds(others.seconds)} for ${others.trials} others in the same folder, of other settings ` +
            "or code, or started again"),
    ],
    [
      reasons.length === 0,
      `Bits on other machines: ${reasons.length === 0 ? "the same are expected" : `may differ (${reasons.join("; ")})`}`,
    ],
  ];
}

function openItems({ manifest, problems, weights }: BundleContents): readonly Item[] {
  const limits = [manifest.notes, manifest.budgetNotes].flatMap((note) => note ?? []).join(" ");
  return [
    [problems.length === 0, `Files: ${problems.join("; ") || "none is missing or damaged"}`],
    ...weightItem(weights),
    [
      false,
      "Names: paths and machines are in `run/` and `environment.json`; look at them if the review is without names",
    ],
    [limits !== "", `Limits: ${limits || "say what method, data and budget cannot show"}`],
  ];
}

const weightItem = ({ files }: BundleContents["weights"]): readonly Item[] =>
  files === 0
    ? []
    : [[false, `Weights: ${files} files are left out; say where they can be had. \`result.json\` has their SHA-256`]];

const sumOf = (parts: readonly Spent[]): Spent => ({
  trials: parts.reduce((sum, { trials }) => sum + trials, 0),
  seconds: parts.reduce((sum, { seconds }) => sum + seconds, 0),
});
