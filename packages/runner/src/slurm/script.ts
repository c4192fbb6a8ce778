/** What a job's script ends with if the trial cannot begin, and what that means. */
export const EXIT_CODES = {
  folder: {
    code: 91,
    text: "the node cannot see the run's folder: choose one with --out that all nodes of the cluster share",
  },
  setup: { code: 92, text: "the lines of --slurm-setup failed" },
  node: {
    code: 93,
    text: "there is no Node on the node of the job: install it in a folder that all nodes share, or load its module with --slurm-setup",
  },
  module: {
    code: 94,
    text: "the node cannot see Sluice or the study: keep the project in a folder that all nodes share",
  },
} as const;

/** What the script of a job array runs. */
export interface JobScript {
  /** Path of the folder of the array, with its `batch.json`. */
  readonly folder: string;
  /** Paths of the trials' logs, by the numbers of the elements. */
  readonly logs: readonly string[];
  /** Path of Node. */
  readonly node: string;
  readonly nodeArguments: readonly string[];
  /** Path of the module that runs a trial. */
  readonly entry: string;
  /** Path of the study's module. */
  readonly module: string;
  /** Lines that prepare the node, such as `module load nodejs`. */
  readonly setup: string;
  /** Seconds in which a file of another machine must appear. */
  readonly patience: number;
}

/**
 * The script of a job array: each element runs one trial. It becomes the trial's process, so that the signals that Slurm
 * sends to the script reach the trial.
 */
export function jobScript({ folder, logs, node, nodeArguments, entry, module, setup, patience }: JobScript): string {
  return `#!/bin/bash
# A job array of Sluice: each element runs one trial.
folder=${quoted(folder)}
logs=(
${logs.map((path) => `  ${quoted(path)}`).join("\n")}
)
node=${quoted(node)}
entry=${quoted(entry)}
module=${quoted(module)}
log=\${logs[$SLURM_ARRAY_TASK_ID]}

# A shared folder may show new files late; looking into it asks for the news.
waited=0
until ls "$folder" >/dev/null 2>&1 && [ -e "$folder/batch.json" ]; do
  [ "$waited" -lt ${patience} ] || exit ${EXIT_CODES.folder.code}
  waited=$((waited + 1))
  sleep 1
done
mkdir -p "\${log%/*}" && exec >>"$log" 2>&1 </dev/null || exit ${EXIT_CODES.folder.code}

${setup === "" ? "" : `setup() {\n:\n${setup.trimEnd()}\n}\nsetup || exit ${EXIT_CODES.setup.code}\n`}
# The runner's Node, or else the one on this node's PATH.
[ -x "$node" ] || node=$(command -v node) || exit ${EXIT_CODES.node.code}
[ -e "$entry" ] && [ -e "$module" ] || exit ${EXIT_CODES.module.code}
exec "$node" ${nodeArguments.map(quoted).join(" ")} "$entry" "$folder"
`;
}

/** As one word of a shell. */
const quoted = (text: string): string => `'${text.replaceAll("'", `'\\''`)}'`;
