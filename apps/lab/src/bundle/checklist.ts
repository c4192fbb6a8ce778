import { formatSeconds } from "@sluice/study";
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

function codeItems({ manifest, code }: BundleContents): readonly Item[] {
  const { unresolved = [] } = manifest;
  const data = Object.keys(manifest.data).length;
  const missing = code.missing.length === 0 ? "" : `. Missing: ${code.missing.join("; ")}`;
  return [
    [true, `Code: ${code.identity}`],
    [unresolved.length === 0, `Code that the identity does not cover: ${unresolved.join("; ") || "none"}`],
    [code.lock !== null && missing === "", `Packages: ${code.lock ?? "no lock file"}${missing}`],
    [true, "Settings of every trial: `run/trials/*/config.json`, `tables/trials.csv`"],
    data === 0
      ? [true, "Data: made by the code"]
      : [
          false,
          `Data: ${data} by SHA-256 in \`data.json\`, not included. Say where they are from, and under which licence`,
        ],
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
      : [false, `Trials: ${lost} of ${all} are not done; \`tables/trials.csv\` says why. Means leave them out`],
    importedItem(results.trials),
    [claims.every(({ verdict }) => verdict !== "undecided"), `Claims: ${verdicts || "none"}`],
    [true, `Figures: ${figures.length}, each with its numbers`],
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

function costItems({ model: { results, environments }, compute }: BundleContents): readonly Item[] {
  const own = sumOf(Object.values(compute.run));
  const others = sumOf([...Object.values(compute.others), compute.aside]);
  const reasons = [...new Set(results.trials.flatMap(({ varies }) => varies ?? []))];
  const one = environments.length === 1;
  return [
    [one, `Where it ran: ${environments.length} environment${one ? "" : "s"}, in \`environment.json\``],
    [
      true,
      `Compute: ${formatSeconds(own.seconds)} for the ${own.trials} trials, and ${formatSeconds(others.seconds)} for ` +
        `${others.trials} others in the same folder, of other settings or code, or started again`,
    ],
    [
      reasons.length === 0,
      `Bits on other machines: ${reasons.length === 0 ? "the same are expected" : `may differ (${reasons.join("; ")})`}`,
    ],
  ];
}

function openItems({ manifest, problems }: BundleContents): readonly Item[] {
  const limits = [manifest.notes, manifest.budgetNotes].flatMap((note) => note ?? []).join(" ");
  return [
    [problems.length === 0, `Files: ${problems.join("; ") || "none is missing or damaged"}`],
    [
      false,
      "Names: paths and machines are in `run/` and `environment.json`; look at them if the review is without names",
    ],
    [limits !== "", `Limits: ${limits || "say what method, data and budget cannot show"}`],
  ];
}

const sumOf = (parts: readonly Spent[]): Spent => ({
  trials: parts.reduce((sum, { trials }) => sum + trials, 0),
  seconds: parts.reduce((sum, { seconds }) => sum + seconds, 0),
});
