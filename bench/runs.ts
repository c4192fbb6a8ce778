import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { markdownTable, number } from "./layout.ts";
import { inTurns, median } from "./statistics.ts";

/** What a command costs that reads a run. */
export interface RunsRow {
  readonly command: string;
  /** Seconds of the processor, with the start of Node. */
  readonly seconds: number;
  /** The most bytes that the process had. */
  readonly memory: number;
}

const main = fileURLToPath(new URL("../apps/lab/dist/main.js", import.meta.url));

/** Has a process tell its use of the machine, as it ends. */
const telling = `data:text/javascript,${encodeURIComponent(
  `process.on("exit", () => {
    const { user, system } = process.cpuUsage();
    process.stderr.write("\\n" + JSON.stringify({ seconds: (user + system) / 1e6, memory: process.resourceUsage().maxRSS * 1024 }));
  });`,
)}`;

/** Commands on a runs folder, in turns. The built command is measured, as it is installed. */
export async function measureRuns(folder: string, samples: number): Promise<readonly RunsRow[]> {
  const scratch = mkdtempSync(join(tmpdir(), "sluice-bench-runs-"));
  const run = resolve(folder);
  const commands = [
    ["--help"],
    ["status", run],
    ["report", run],
    ["compare", run, run],
    ["why", run, run],
    ["logs", run],
    ["export", run, "--out", join(scratch, "trials.csv")],
    ["export", run, "--rows", "--out", join(scratch, "rows.csv")],
  ];
  const memory = new Map<string, number>();
  const nameOf = (args: readonly string[]): string =>
    args.filter((arg) => arg !== run && arg !== "--out" && !arg.startsWith(scratch)).join(" ");
  try {
    const takers = commands.map(
      (args) =>
        [
          nameOf(args),
          async () => {
            const used = use(args);
            memory.set(nameOf(args), used.memory);
            return used.seconds;
          },
        ] as const,
    );
    const times = await inTurns(takers, samples);
    return [...times].map(([command, seconds]) => ({
      command,
      seconds: median(seconds),
      memory: memory.get(command) ?? NaN,
    }));
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

function use(args: readonly string[]): { readonly seconds: number; readonly memory: number } {
  const { status, stderr } = spawnSync(process.execPath, ["--import", telling, main, ...args], {
    encoding: "utf8",
    maxBuffer: 1 << 30,
  });
  if (status !== 0) throw new Error(`sluice ${args.join(" ")}: exit code ${status}: ${stderr}`);
  return JSON.parse(stderr.slice(stderr.lastIndexOf("\n")));
}

export function runsTable(rows: readonly RunsRow[]): string {
  return markdownTable(
    ["command", "s (CPU)", "MB"],
    rows.map(({ command, seconds, memory }) => [command, number(seconds), number(memory / 1e6)]),
  );
}
