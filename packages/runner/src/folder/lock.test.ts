import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeEach, describe, expect, inject, test } from "vitest";
import { takeLock, type Lock } from "./lock.ts";
import { thisProcess } from "./process.ts";

const scratch = mkdtempSync(join(tmpdir(), "sluice-lock-"));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));
let folder: string;
let path: string;
beforeEach(() => {
  folder = mkdtempSync(join(scratch, "case-"));
  path = join(folder, "lock.json");
});

function taken(): Lock {
  const attempt = takeLock(path);
  if (attempt.lock === null) throw new Error(attempt.holder);
  return attempt.lock;
}

function holder(): string | null {
  const attempt = takeLock(path);
  attempt.lock?.release();
  return attempt.lock === null ? attempt.holder : null;
}

const foreign = {
  token: "0123456789abcdef",
  pid: 12,
  host: "elsewhere",
  machine: "x",
  started: "1",
  since: "yesterday",
};
const dead = () => ({ ...thisProcess(), token: "0123456789abcdef", pid: 2 ** 30, since: "yesterday" });

function leave(content: object | string, secondsAgo = 0): void {
  writeFileSync(path, typeof content === "string" ? content : JSON.stringify(content));
  const then = Date.now() / 1000 - secondsAgo;
  utimesSync(path, then, then);
}

/** Runs a script in processes of their own; gives what each printed. */
function processes(count: number, script: string): Promise<string[]> {
  const source = `import { takeLock } from ${JSON.stringify(new URL("./lock.ts", import.meta.url).href)}; import * as fs from "node:fs"; const folder = ${JSON.stringify(folder)}; ${script}`;
  const one = (): Promise<string> =>
    new Promise((settle) => {
      const child = spawn(process.execPath, ["--input-type=module", "-e", source], {
        stdio: ["ignore", "pipe", "inherit"],
      });
      let text = "";
      child.stdout.on("data", (part) => (text += part));
      child.once("close", () => settle(text));
    });
  return Promise.all(Array.from({ length: count }, one));
}

describe("a lock", () => {
  test("is held against this process too, until it is released, and leaves nothing", () => {
    const lock = taken();
    expect(lock.isHeld()).toBe(true);
    expect(holder()).toContain(`process ${process.pid} on this machine`);
    lock.release();
    expect(readdirSync(folder)).toEqual([]);
    taken().release();
  });

  test("of a process that died is free at once, also when its number is in use again", () => {
    leave(dead());
    expect(holder()).toBeNull();
    leave({ ...dead(), pid: process.pid, started: "1" });
    expect(holder()).toBeNull();
    expect(readdirSync(folder)).toEqual([]);
  });

  test("of another machine, or one that cannot be read, is free after two minutes of silence, and says so before", () => {
    leave(foreign, 100);
    expect(holder()).toMatch(
      /process 12 on elsewhere .* last sign of life was 100 s ago; after 120 s without one it counts as gone/,
    );
    leave(foreign, 130);
    expect(holder()).toBeNull();
    leave("{ jun", 100);
    expect(holder()).toContain("a lock file that cannot be read");
    leave("{ jun", 130);
    expect(holder()).toBeNull();
  });

  test("tells its holder that it was taken over, who then neither touches nor releases it", () => {
    const slow = taken();
    leave({ ...JSON.parse(readFileSync(path, "utf8")), host: "elsewhere" }, 130);
    const next = taken();
    expect(slow.isHeld()).toBe(false);
    slow.beat();
    slow.release();
    expect(next.isHeld()).toBe(true);
    next.release();
  });

  test("is heard by other machines while its holder beats", () => {
    const lock = taken();
    leave(readFileSync(path, "utf8"), 130);
    lock.beat();
    leave({ ...JSON.parse(readFileSync(path, "utf8")), host: "elsewhere" });
    expect(holder()).toContain("elsewhere");
    leave(readFileSync(path, "utf8"), 130);
    lock.beat();
    expect(holder()).toContain("elsewhere");
  });

  test("whose successor died while it took over is free", () => {
    leave(dead());
    writeFileSync(`${path}.after-${dead().token}`, JSON.stringify({ ...dead(), token: "fedcba9876543210" }));
    const lock = taken();
    expect(lock.isHeld()).toBe(true);
    expect(readdirSync(folder)).toEqual(["lock.json"]);
  });
});

test(
  "of many processes that try at once, one gets each lock: fresh, of a dead process, or damaged",
  { timeout: 600_000 },
  async () => {
    const rounds = inject("long") ? 1500 : 60;
    for (let round = 0; round < rounds; round += 1) {
      path = join(folder, `lock-${round}.json`);
      if (round % 3 === 1) leave(dead());
      if (round % 3 === 2) leave("junk", 130);
    }
    // Nobody releases, and nobody ends before all have tried: whoever gets a lock second gets it wrongly.
    const printed = await processes(
      4,
      `
    const won = [];
    fs.writeFileSync(folder + "/ready-" + process.pid, "");
    while (fs.readdirSync(folder).filter((name) => name.startsWith("ready-")).length < 4);
    for (let round = 0; round < ${rounds}; round += 1) {
      if (takeLock(folder + "/lock-" + round + ".json").lock !== null) won.push(round);
    }
    fs.writeFileSync(folder + "/tried-" + process.pid, "");
    while (fs.readdirSync(folder).filter((name) => name.startsWith("tried-")).length < 4);
    console.log(JSON.stringify(won));`,
    );
    const won = printed.flatMap((text): number[] => JSON.parse(text));
    expect(won.sort((a, b) => a - b)).toEqual(Array.from({ length: rounds }, (_, round) => round));
  },
);

test(
  "two processes never hold a lock at once, while others take it, release it and die with it",
  { timeout: 600_000 },
  async () => {
    const waves = inject("long") ? 20 : 2;
    for (let wave = 0; wave < waves; wave += 1) {
      const printed = await processes(
        4,
        `
      for (let taken = 0; taken < 60; ) {
        const { lock } = takeLock(folder + "/lock.json");
        if (lock === null) continue;
        taken += 1;
        fs.closeSync(fs.openSync(folder + "/inside", "wx"));
        fs.rmSync(folder + "/inside");
        if (!lock.isHeld()) throw new Error("not held");
        if (taken === 60) { fs.writeSync(1, "whole"); process.kill(process.pid, "SIGKILL"); }
        lock.release();
      }`,
      );
      // Opening "inside" fails for the second of two.
      expect(printed).toEqual(["whole", "whole", "whole", "whole"]);
    }
    expect(existsSync(join(folder, "inside"))).toBe(false);
  },
);
