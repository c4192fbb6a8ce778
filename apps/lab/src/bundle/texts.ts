import type { BundledCode } from "./code.ts";
import type { BundleContents } from "./contents.ts";

/** What is in the bundle, and what to do with it. */
export function readmeText({ manifest, code }: BundleContents): string {
  const { title, question, budget, command } = manifest;
  return `# ${title}

${question}

The run "${budget}" of this study: \`${command}\`.

## Run it again

    sh verify.sh

checks the files, installs the packages in \`${code.project}\` and runs all trials again. For each it says whether the
results are bitwise the same, within tolerance, statistically the same, or different. It needs Node ${code.node.join(".")} or newer,
npm, and a network for the packages. Options of \`sluice verify\` may follow: \`--trials 3\` runs three trials only, and
\`--data /a/folder\` says where data is that the packages do not have.

## What is here

- \`CHECKLIST.md\`: what reviewers ask, answered from the files
- \`run/\`: settings, curves, logs, kept files and results of every trial, and \`report.html\`
- \`code/\`: the code that the trials ran, with package.json and lock file
- \`tables/\`: \`results.tex\`, and trials and curves as CSV and Parquet
- \`figures/\`: the curves as SVG, each with its numbers as CSV
- \`statistics.json\`: means, intervals, and the verdicts on the claims
- \`data.json\`: SHA-256 of the data, which is not included
- \`environment.json\`: where the trials ran
- \`compute.json\`: what these trials and all others of the runs folder have cost, also the failed ones
- \`bundle.json\`, \`SHA256SUMS\`: the code's identity and packages, and the hashes of all these files
`;
}

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
  check="sha256sum -c"
else
  check="shasum -a 256 -c"
fi
if ! answers=$($check SHA256SUMS 2>/dev/null); then
  echo "$answers" | grep -v ": OK$" >&2
  echo "verify.sh: these files are missing, or are not as they were bundled" >&2
  exit 1
fi

cd "$here/${project}"
${install.map((line) => `${line}\n`).join("")}${command} verify "$here/run" --study "$here/${module}" "$@"
`;
}
