import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect, test } from "vitest";

const path = (name: string): string => fileURLToPath(new URL(name, import.meta.url));

async function run(...args: string[]): Promise<{ stdout: string; stderr: string }> {
  const flags = ["--conditions=@sluice/source", "--disable-warning=ExperimentalWarning", path("own-csv.ts")];
  return promisify(execFile)(process.execPath, [...flags, ...args], { env: { ...process.env, DEBUG: "" } });
}

test("trains on a table, and predicts the same bits in another process", async () => {
  const folder = await mkdtemp(join(tmpdir(), "sluice-own-csv-"));
  try {
    const trained = await run("train", path("../ward.csv"), join(folder, "model"));
    // What cannot be read is said with its line.
    expect(trained.stderr).toMatch(/line \d+: pulse is "n\/a bpm", expected a finite number/);
    expect(trained.stderr).toMatch(/line \d+: it has 7 cells, but the header has 6/);
    // A half of the patients gets worse.
    expect(Number(/accuracy .*: ([\d.]+)/.exec(trained.stderr)?.[1])).toBeGreaterThan(0.75);
    const lines = trained.stdout.trim().split("\n");
    expect(lines).toHaveLength(48);
    const again = await run("predict", path("../ward.csv"), join(folder, "model"));
    expect(again.stdout).toBe(trained.stdout);

    // Fewer patients, in another order: each has the bits that it had.
    const [header = "", ...rows] = (await readFile(path("../ward.csv"), "utf8")).trim().split("\n");
    const some = rows.filter((row) => /^p(07|31|12),/.test(row)).toReversed();
    await writeFile(join(folder, "some.csv"), [header, ...some, ""].join("\n"));
    const few = await run("predict", join(folder, "some.csv"), join(folder, "model"));
    expect(few.stdout.trim().split("\n")).toEqual(lines.filter((line) => /^p(07|31|12),/.test(line)));
  } finally {
    await rm(folder, { recursive: true });
  }
});
