import { spawnSync } from "node:child_process";
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { EXIT_CODES, jobScript, type JobScript } from "./script.ts";

const scratch = mkdtempSync(join(tmpdir(), "sluice-slurm-script-"));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

/** A folder of an array, with a Node that prints how it was called. */
function place(name: string): JobScript {
  const folder = join(scratch, name);
  mkdirSync(folder, { recursive: true });
  for (const file of ["batch.json", "entry.js", "study.js"]) writeFileSync(join(folder, file), "");
  const node = join(folder, "node");
  writeFileSync(node, '#!/bin/bash\nprintf "%s\\n" "$@" "$PLACE"\n');
  chmodSync(node, 0o755);
  return {
    folder,
    logs: [0, 1].map((index) => join(folder, `trial ${index}`, "log.txt")),
    node,
    nodeArguments: ["--conditions=@sluice/source", "--title=it's"],
    entry: join(folder, "entry.js"),
    module: join(folder, "study.js"),
    setup: "",
    patience: 1,
  };
}

function run(given: JobScript, { path = process.env["PATH"] ?? "" } = {}) {
  const file = join(scratch, "job.sh");
  writeFileSync(file, jobScript(given));
  expect(spawnSync("bash", ["-n", file], { encoding: "utf8" }).stderr).toBe("");
  const { status } = spawnSync("/bin/bash", [file], { env: { PATH: path, SLURM_ARRAY_TASK_ID: "1" } });
  const [, log = ""] = given.logs;
  return { status, log: existsSync(log) ? readFileSync(log, "utf8") : null };
}

describe.skipIf(process.platform === "win32")("the script of an array", () => {
  test("runs the trial of its element, whatever characters the paths have", () => {
    const given = place("a 'quoted' $HOME `folder` \"é\"");
    const setup = "export PLACE=prepared\n# a comment without an end";
    expect(run({ ...given, setup })).toEqual({
      status: 0,
      log: `--conditions=@sluice/source\n--title=it's\n${given.entry}\n${given.folder}\nprepared\n`,
    });
  });

  test("takes the Node of the PATH where the runner's is not", () => {
    const given = place("other node");
    const { status, log } = run(
      { ...given, node: "/nowhere/node" },
      { path: `${given.folder}:${process.env["PATH"]}` },
    );
    expect(status).toBe(0);
    expect(log).toContain(given.entry);
  });

  test("ends with a code of its own where a node lacks something", () => {
    const given = place("lacking");
    expect(run({ ...given, folder: join(scratch, "not shared") })).toEqual({
      status: EXIT_CODES.folder.code,
      log: null,
    });
    expect(run({ ...given, module: join(scratch, "no study.js") }).status).toBe(EXIT_CODES.module.code);
    expect(run({ ...given, setup: "echo no such module >&2; false" })).toEqual({
      status: EXIT_CODES.setup.code,
      log: "no such module\n",
    });
    const bare = join(scratch, "bare");
    mkdirSync(bare);
    for (const program of ["ls", "mkdir", "sleep"])
      writeFileSync(join(bare, program), `#!/bin/bash\nexec /bin/${program} "$@"\n`, { mode: 0o755 });
    expect(run({ ...given, node: "/nowhere/node" }, { path: bare }).status).toBe(EXIT_CODES.node.code);
  });

  test("waits for files that appear late", () => {
    const given = place("late");
    rmSync(join(given.folder, "batch.json"));
    const late = spawnSync("bash", ["-c", `(sleep 1; touch "$0") >/dev/null 2>&1 &`, join(given.folder, "batch.json")]);
    expect(late.status).toBe(0);
    expect(run({ ...given, patience: 20 }).status).toBe(0);
  });
});
