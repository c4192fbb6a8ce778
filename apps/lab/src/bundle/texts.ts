import type { BundleContents } from "./contents.ts";
import type { DataManifest } from "./data.ts";

/** What is in the bundle, and what to do with it. */
export function readmeText(contents: BundleContents): string {
  const { manifest, code } = contents;
  const { title, question, budget, command } = manifest;
  return `# ${title}

${question}

The run "${budget}" of this study: \`${command}\`.

## Run it again

    sh verify.sh

checks the files, installs the packages in \`${code.project}\` and runs all finished trials again. For each it says
whether the results are bitwise the same, within tolerance, statistically the same, or different. It exits with 0 if
none is different, and with 1 otherwise. It needs Node ${code.node.join(".")} or newer, npm, and a network for the packages.
With an older Node, \`npx -p node@24 sh verify.sh\` fetches a newer one for this command only.

Options of \`sluice verify\` may follow:

- \`--trials 3\` runs three trials only, drawn at random
- \`--threads 2\` and \`--node 22.18.0\` run them with other threads, or with another Node
- \`--data /a/folder\` says where data is that neither the bundle nor its packages have

## Data

${dataText(contents)}

## What is here

- \`CHECKLIST.md\`: what reviewers ask, answered from the files
- \`run/\`: settings (\`trials/*/config.json\`), curves, logs, kept files and results of every trial, also of those that
  failed, and \`report.html\`${weightsText(contents)}
- \`code/\`: the code that the trials ran, with package.json and lock file
${contents.hasChanges ? "- `uncommitted.diff`: the changes that were not committed when the trials ran; `code/` has them\n" : ""}- \`tables/\`: \`results.tex\`, and trials and curves as CSV and Parquet
- \`figures/\`: the curves as SVG, each with its numbers as CSV
- \`statistics.json\`: means, intervals, and the verdicts on the claims
- \`data.json\`: names, sizes and SHA-256 of the data, and where to get it
- \`environment.json\`: where the trials ran
- \`compute.json\`: what these trials and all others of the runs folder have cost, also the failed ones
- \`bundle.json\`, \`SHA256SUMS\`: the code's identity and packages, and the hashes of all these files
`;
}

function dataText({ data: { files, obtain } }: BundleContents): string {
  if (files.length === 0) return "The study declares no data: what it reads is made by its code.";
  const absent = withheld(files);
  const lines = absent.map(({ place, sha256 }) => `- \`${place}\`, SHA-256 ${sha256}`);
  return [
    `The study reads ${files.length === 1 ? "one file" : `${files.length} files`}, listed in \`data.json\` with SHA-256.`,
    ...[...new Set(files.flatMap(({ source }) => source ?? []))].map(
      (source) => `From the ${source}; \`verify.sh\` installs it.`,
    ),
    ...(absent.length === 0
      ? []
      : [
          "These stood among the code and are not included, because their licence may forbid it. Put them back before " +
            `you run \`verify.sh\`:\n\n${lines.join("\n")}`,
        ]),
    ...(obtain === null ? [] : [`If data is missing, the study says:\n\n> ${obtain.replaceAll("\n", "\n> ")}`]),
  ].join("\n\n");
}

const weightsText = ({ weights: { files, bytes } }: BundleContents): string =>
  files === 0
    ? ""
    : `. Weights are left out (${files} files, ${(bytes / 1e6).toFixed(1)} MB); \`result.json\` has their SHA-256`;

/** Files of data that stood among the code and were taken out of it. */
const withheld = (files: DataManifest["files"]): readonly { readonly place: string; readonly sha256: string }[] =>
  files.flatMap(({ place, sha256, included }) => (place === null || included ? [] : [{ place, sha256 }]));

/** As one word of a shell. */
const word = (text: string): string => `'${text.replaceAll("'", `'\\''`)}'`;

/** A script for any POSIX shell. */
export function verifyText(contents: Pick<BundleContents, "code" | "data">): string {
  const { code, data } = contents;
  const { project, module, install, command, node } = code;
  const [major, minor] = node;
  return `#!/bin/sh
# Checks the files, installs the packages and runs the trials again. Options of "sluice verify" may follow.
set -eu
here=$(cd "$(dirname "$0")" && pwd)

if ! command -v node >/dev/null || ! command -v npm >/dev/null; then
  echo "verify.sh needs Node ${major}.${minor} or newer, with npm: https://nodejs.org" >&2
  exit 2
fi
if ! node -e 'const [a, b] = process.versions.node.split("."); process.exit(a > ${major} || (a == ${major} && b >= ${minor}) ? 0 : 1)'; then
  echo "verify.sh needs Node ${major}.${minor} or newer, and this is $(node --version). Without installing one: npx -p node@24 sh verify.sh" >&2
  exit 2
fi

cd "$here"
if command -v sha256sum >/dev/null; then
  sums="sha256sum"
else
  sums="shasum -a 256"
fi
if ! answers=$($sums -c SHA256SUMS 2>/dev/null); then
  echo "$answers" | grep -v ": OK$" >&2
  echo "verify.sh: these files are missing, or are not as they were bundled" >&2
  exit 1
fi
${needText(data)}
cd "$here"/${word(project)}
${install.map((line) => `${line}\n`).join("")}${sayText(contents)}${command} verify "$here/run" --study "$here"/${word(module)} "$@"
`;
}

/** The lines that ask for data which is not in the bundle. */
function needText({ files }: DataManifest): string {
  const absent = withheld(files);
  if (absent.length === 0) return "";
  return `
# Data that is not in the bundle, because its licence may forbid it.
need() {
  if [ ! -f "$1" ]; then
    echo "verify.sh: the data $here/$1 is not in this bundle. Get it and put it there; its SHA-256 is $2" >&2
    lacking=yes
  elif [ "$($sums "$1" | cut -c 1-64)" != "$2" ]; then
    echo "verify.sh: $here/$1 is not the data of the run, whose SHA-256 is $2" >&2
    lacking=yes
  fi
}
lacking=
${absent.map(({ place, sha256 }) => `need ${word(place)} ${sha256}\n`).join("")}`;
}

/** The study itself says where its data can be had, once it can be loaded. */
function sayText({ code: { command, module }, data: { files } }: Pick<BundleContents, "code" | "data">): string {
  if (withheld(files).length === 0) return "";
  return `if [ -n "$lacking" ]; then
  ${command} data "$here"/${word(module)} >&2 || true
  exit 1
fi
`;
}
