import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { basename, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import {
  messageOf,
  page,
  readModel,
  runStudy,
  runTrial,
  stopping,
  type PlannedTrial,
  type Study,
  type TrialControl,
} from "@sluice/study";
import { assert, asyncProperty, constantFrom, nat, oneof, record, type Arbitrary } from "fast-check";
import { afterAll, beforeAll, describe, expect, inject, test } from "vitest";
import { folderStore } from "./folder/folder-store.ts";
import { openFolder } from "./folder/session.ts";
import { loadStudy } from "./load.ts";
import { prepareRun, type PreparedRun } from "./prepare.ts";

// The promise: whatever happens to a file of a run, the report names it, or is what it would have been; and a trial
// that goes on ends with the bits of one whose files were left alone.

const scratch = mkdtempSync(join(tmpdir(), "sluice-damage-"));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));
const module = fileURLToPath(new URL("../fixtures/line.ts", import.meta.url));

/** So many damages in `npm run test:long`, and a quarter of them in `npm test`. */
const runs = (long: number): number => (inject("long") ? long : Math.ceil(long / 4));

/** So many damages say how often each outcome is; with a part of them (`npm run test:seeds`) nothing is said of that. */
const enough = 20;

type Damage =
  | { readonly kind: "flip"; readonly file: number; readonly at: number; readonly bit: number }
  | { readonly kind: "cut"; readonly file: number; readonly at: number }
  | { readonly kind: "swap"; readonly file: number; readonly other: number }
  | { readonly kind: "delete"; readonly file: number };

const damages: Arbitrary<Damage> = oneof(
  record({ kind: constantFrom("flip" as const), file: nat(), at: nat(), bit: nat(7) }),
  record({ kind: constantFrom("cut" as const), file: nat(), at: nat() }),
  record({ kind: constantFrom("swap" as const), file: nat(), other: nat() }),
  record({ kind: constantFrom("delete" as const), file: nat() }),
);

const filesBelow = (folder: string): string[] =>
  readdirSync(folder, { recursive: true, encoding: "utf8" })
    .map((name) => join(folder, name))
    .filter((path) => statSync(path).isFile())
    .sort();

/** Damages one file of those that are there, or two; gives their paths, and a function that makes them whole again. */
function inflict(damage: Damage, folder: string): { paths: string[]; mend(): void } {
  const files = filesBelow(folder);
  const pick = (index: number): string => files[index % files.length] ?? "";
  const path = pick(damage.file);
  const paths = damage.kind === "swap" ? [path, pick(damage.other)] : [path];
  const whole = paths.map((file) => readFileSync(file));
  const [bytes = Buffer.alloc(0), others = Buffer.alloc(0)] = whole;
  if (damage.kind === "delete") rmSync(path);
  else if (damage.kind === "cut") writeFileSync(path, bytes.subarray(0, damage.at % (bytes.length + 1)));
  else if (damage.kind === "flip") {
    const flipped = Buffer.from(bytes);
    const at = damage.at % Math.max(1, bytes.length);
    if (bytes.length > 0) flipped[at] = (bytes[at] ?? 0) ^ (1 << damage.bit);
    writeFileSync(path, flipped);
  } else {
    writeFileSync(path, others);
    writeFileSync(paths[1] ?? "", bytes);
  }
  return { paths, mend: () => paths.forEach((file, index) => writeFileSync(file, whole[index] ?? "")) };
}

let study: Study;
let whole: string;
let prepared: PreparedRun;
beforeAll(async () => {
  study = await loadStudy(module);
  whole = join(scratch, "whole");
  prepared = await prepareRun({ module, budget: "quick", seeds: 1, out: whole, jobs: 2 });
  const { records } = await runStudy(prepared);
  expect(records.map((entry) => entry.status)).toEqual(["done", "done", "done", "done"]);
}, 600_000);

describe("a finished run", () => {
  /** What the report says, with the module of the study or without it. */
  const report = async (withStudy: boolean) => {
    const model = await readModel(folderStore(whole), withStudy ? study : null);
    const { problems, ...rest } = model;
    return { problems, text: page({ ...model, problems: [] }).text, rest };
  };

  test("is reported as it was, or with the damage named", async () => {
    const before = { withStudy: await report(true), without: await report(false) };
    expect(before.withStudy.problems).toEqual([]);
    let [ran, named] = [0, 0];
    await assert(
      asyncProperty(damages, constantFrom(true, false), async (damage, withStudy) => {
        ran += 1;
        const { paths, mend } = inflict(damage, whole);
        try {
          const { problems, text, rest } = await report(withStudy);
          const told = JSON.stringify([problems, rest.claimsNote, rest.results.trials.map((trial) => trial.reason)]);
          const again = rest.results.trials.some(
            (trial) =>
              (trial.status === "interrupted" || trial.status === "waiting") &&
              paths.some((path) => path.startsWith(trial.folder)),
          );
          if (again || paths.some((path) => told.includes(path))) named += 1;
          else
            expect(text, `${damage.kind} of ${paths.join(" and ")}: ${told}`).toBe(
              withStudy ? before.withStudy.text : before.without.text,
            );
        } catch (error) {
          // Without the manifest there is no report, and the message says how to have one again.
          if (
            !paths.some((path) => messageOf(error).includes(path)) ||
            !paths.some((path) => basename(path) === "study.json")
          )
            throw error;
          named += 1;
        } finally {
          mend();
        }
      }),
      { numRuns: runs(250) },
    );
    if (ran >= enough) expect(named / ran).toBeGreaterThan(0.2);
    expect((await report(true)).text).toBe(before.withStudy.text);
  });

  test("takes no trial's result for another's", async () => {
    const trial = prepared.trials[0];
    const twin = prepared.trials[1];
    if (trial === undefined || twin === undefined) throw new Error("the plan is empty");
    // The result of one trial copied to another: both are whole, and one is in the wrong place.
    const resultOf = (folder: string): string => join(whole, "trials", folder, "result.json");
    const [from, to] = [resultOf(trial.folder), resultOf(twin.folder)];
    const kept = readFileSync(to);
    cpSync(from, to);
    const [, record] = (await readModel(folderStore(whole), study)).results.trials;
    writeFileSync(to, kept);
    expect(record).toMatchObject({
      status: "unreadable",
      reason: expect.stringContaining("the result of another trial"),
    });
  });
});

describe("an interrupted trial", () => {
  const left = join(scratch, "left");
  const second = (): PlannedTrial => {
    const trial = prepared.trials[1];
    if (trial === undefined) throw new Error("the plan is empty");
    return trial;
  };
  const run = (folder: string, control: Partial<TrialControl> = {}, trial = second()): Promise<void> => {
    const { environment } = prepared;
    const store = { ...folderStore(scratch), openTrial: openFolder.bind(null, folder) };
    return runTrial(
      { trial, store, study: () => loadStudy(module), threads: 1, dataFolder: null, environment, changes: "" },
      { signal: new AbortController().signal, ...control },
    );
  };

  /** What a trial leaves but for times. */
  const bits = (folder: string): unknown => {
    const { timings: _, seal: _seal, ...result } = JSON.parse(readFileSync(join(folder, "result.json"), "utf8"));
    const files = ["metrics.jsonl", "artifacts/residual.json", "config.json"].map((name) =>
      readFileSync(join(folder, name), "utf8"),
    );
    return { result, files };
  };

  beforeAll(async () => {
    // Stopped at step 50 or so, and then as if killed: rows after the last checkpoint, and no result.
    mkdirSync(left);
    const stop = new AbortController();
    await run(left, {
      signal: stop.signal,
      onProgress: ({ step }) => void (step >= 1 && stop.abort(stopping({ status: "interrupted", reason: "stopped" }))),
    });
    expect(JSON.parse(readFileSync(join(left, "result.json"), "utf8")).status).toBe("interrupted");
    rmSync(join(left, "result.json"));
    writeFileSync(
      join(left, "metrics.jsonl"),
      `${readFileSync(join(left, "metrics.jsonl"), "utf8")}{"step":99,"loss":7,"error":7}\n{"st`,
    );
  });

  test("ends with the bits of one that was left alone, whatever was damaged", async () => {
    const expected = bits(join(whole, "trials", second().folder));
    let [ran, resumed] = [0, 0];
    await assert(
      asyncProperty(damages, async (damage) => {
        ran += 1;
        const folder = mkdtempSync(join(scratch, "again-"));
        cpSync(left, folder, { recursive: true });
        const { paths } = inflict(damage, folder);
        await run(folder, { onResumed: () => void (resumed += 1) });
        expect(bits(folder), `${damage.kind} of ${paths.map((path) => relative(folder, path)).join(" and ")}`).toEqual(
          expected,
        );
        expect(existsSync(join(folder, "lock.json"))).toBe(false);
        rmSync(folder, { recursive: true });
      }),
      { numRuns: runs(80) },
    );
    // Neither always from the start nor always from the checkpoint.
    if (ran >= enough) {
      expect(resumed).toBeGreaterThan(0);
      expect(resumed).toBeLessThan(ran);
    }
  });

  test("of another trial is not gone on with", async () => {
    const folder = mkdtempSync(join(scratch, "other-"));
    cpSync(left, folder, { recursive: true });
    const other = prepared.trials[0];
    if (other === undefined) throw new Error("the plan is empty");
    await run(folder, {}, other);
    expect(bits(folder)).toEqual(bits(join(whole, "trials", other.folder)));
    expect(readFileSync(join(folder, "log.txt"), "utf8")).toContain("the checkpoint of another trial");
  });
});
