import { formatSeconds } from "@sluice/study";
import type { BundledCode } from "./code.ts";
import type { Spent } from "./compute.ts";
import type { BundleContents } from "./contents.ts";

/** What is in the bundle, and what to do with it. */
export function readmeText({ manifest, code }: BundleContents): string {
  const { title, question, budget, command } = manifest;
  return `# ${title}

${question}

The run "${budget}" of this study: \`${command}\`.

\`sh verify.sh\` checks the files, installs the packages in \`${code.project}\` and runs all trials again. For each it
says whether the results are bitwise the same, within tolerance, statistically the same, or different. It needs Node
${code.node.join(".")} or newer, npm, and a network for the packages. Options of \`sluice verify\` may follow:
\`sh verify.sh --trials 3\` runs three trials only, \`sh verify.sh --data folder\` says where data is that the packages do
not have.

| Here                | What                                                                            |
| ------------------- | ------------------------------------------------------------------------------- |
| \`CHECKLIST.md\`      | what a reviewer asks, answered from the files                                   |
| \`run/\`              | the run: settings, curves, logs, kept files and results of every trial, and \`report.html\` |
| \`code/\`             | the code that the trials ran, with package.json and lock file                   |
| \`tables/\`           | \`results.tex\`, \`trials.csv\` and \`curves.csv\`, also as Parquet                   |
| \`figures/\`          | the curves as SVG, each with its numbers as CSV                                 |
| \`statistics.json\`   | means, intervals and the verdicts on the claims                                 |
| \`data.json\`         | SHA-256 of the data, which is not included                                      |
| \`environment.json\`  | where the trials ran                                                            |
| \`compute.json\`      | what the run and all other trials in its folder have cost, also the failed ones |
| \`SHA256SUMS\`        | the hashes of all these files                                                   |
`;
}

/** The questions of reviewers, answered from what is known; what is not answered is left open. */
export function checklistText({ manifest, model, code, compute, figures, problems }: BundleContents): string {
  const { results, claims, environments } = model;
  const seeds = [...new Set(results.trials.map(({ seed }) => seed))];
  const failed = results.trials.filter(({ status }) => status !== "done");
  const open = manifest.unresolved ?? [];
  const data = Object.keys(manifest.data);
  const reasons = [...new Set(results.trials.flatMap(({ varies }) => varies ?? []))];
  const runs = sumOf(Object.values(compute.run));
  const others = sumOf([...Object.values(compute.others), compute.aside]);
  const items: readonly (readonly [done: boolean, text: string])[] = [
    [true, `Code: ${code.identity}.`],
    [open.length === 0, `Code that the identity does not cover: ${open.length === 0 ? "none" : open.join("; ")}.`],
    [
      code.lock !== null && code.missing.length === 0,
      `Packages: ${code.lock ?? "no lock file"}${code.missing.length === 0 ? "" : `. Missing: ${code.missing.join("; ")}`}.`,
    ],
    [true, `Settings of every trial: \`run/trials/*/config.json\`, \`tables/trials.csv\`.`],
    [
      data.length === 0,
      data.length === 0
        ? "Data: made by the code."
        : `Data: ${data.length} files by SHA-256 in \`data.json\`, not included. Say where to get them, and under which licence.`,
    ],
    [seeds.length >= 5, `Seeds: ${seeds.length} (${seeds.join(", ")}), the same for every variant.`],
    [true, "Spread: 95 % intervals of the mean over seeds, Student's t; every seed is in `statistics.json`."],
    [
      failed.length === 0,
      failed.length === 0
        ? `All ${results.trials.length} trials are done.`
        : `${failed.length} of ${results.trials.length} trials are not done; \`tables/trials.csv\` says why. Means leave them out.`,
    ],
    [
      claims.every(({ verdict }) => verdict !== "undecided"),
      `Claims: ${claims.length === 0 ? "none" : claims.map(({ text, verdict }) => `${text} ${verdict}`).join("; ")}.`,
    ],
    [
      environments.length === 1,
      `Where it ran: ${environments.length} ${environments.length === 1 ? "environment" : "different environments"}, in \`environment.json\`.`,
    ],
    [
      true,
      `Compute: ${formatSeconds(runs.seconds)} for the ${runs.trials} trials, and ${formatSeconds(others.seconds)} for ${others.trials} others in the same folder, of other settings or code, or started again.`,
    ],
    [
      reasons.length === 0,
      `Bits on other machines: ${reasons.length === 0 ? "the same are expected" : `may differ (${reasons.join("; ")})`}.`,
    ],
    [true, `Figures: ${figures.length}, each with its numbers.`],
    [problems.length === 0, `Files: ${problems.length === 0 ? "none is missing or damaged" : problems.join("; ")}.`],
    [
      false,
      "For a review without names: paths and machines are in `run/` and `environment.json`; look at them before you send this.",
    ],
    [false, "What the study cannot show: limits of the method, of the data and of the budget."],
  ];
  return `# Checklist: ${manifest.title}

Ticked is what the files answer. What is not ticked needs a sentence in the paper.

${items.map(([done, text]) => `- [${done ? "x" : " "}] ${text.replaceAll(/\.+$/g, "")}.`).join("\n")}
`;
}

const sumOf = (parts: readonly Spent[]): Spent => ({
  trials: parts.reduce((sum, { trials }) => sum + trials, 0),
  seconds: parts.reduce((sum, { seconds }) => sum + seconds, 0),
});

/** A script for any POSIX shell. */
export function verifyText({ project, module, install, command, node: [major, minor] }: BundledCode): string {
  return `#!/bin/sh
# Checks the files, installs the packages and runs the trials again. Options of "sluice verify" may follow.
set -eu
here=$(cd "$(dirname "$0")" && pwd)

if ! command -v node >/dev/null || ! command -v npm >/dev/null; then
  echo "verify.sh needs Node ${major}.${minor} or newer, with npm: https://nodejs.org" >&2
  exit 2
fi
if ! node -e 'const [a, b] = process.versions.node.split("."); process.exit(a > ${major} || (a == ${major} && b >= ${minor}) ? 0 : 1)'; then
  echo "verify.sh needs Node ${major}.${minor} or newer, and this is $(node --version)" >&2
  exit 2
fi

cd "$here"
if command -v sha256sum >/dev/null; then
  sha256sum -c SHA256SUMS >/dev/null
elif command -v shasum >/dev/null; then
  shasum -a 256 -c SHA256SUMS >/dev/null
fi

cd "$here/${project}"
${install.map((line) => `${line}\n`).join("")}${command} verify "$here/run" --study "$here/${module}" "$@"
`;
}
