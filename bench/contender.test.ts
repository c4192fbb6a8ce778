import { expect, test } from "vitest";
import { millisecondsOf, startProcess } from "./contender.ts";

const run = (script: string) => startProcess({ program: process.execPath, args: ["-e", script] });

test("a contender that ends says how, and with its last words", async () => {
  const ended = run(`console.error("no such library"); process.exit(3)`);
  await expect(ended.ask({ op: "about" })).rejects.toThrow("it ended with exit code 3: no such library");
  await expect(ended.ask({ op: "about" })).rejects.toThrow("exit code 3");
});

test("a program that is not there is an error, not a crash", async () => {
  await expect(startProcess({ program: "/nowhere/python", args: [] }).ask({ op: "about" })).rejects.toThrow("ENOENT");
});

test("answers come in order, other output is passed over, and an error is thrown", async () => {
  const echo = run(`
    let answers = [{ ms: 4 }, { error: "no ragged here" }];
    process.stdin.on("data", (text) => { for (const _ of String(text).trim().split("\\n")) console.log("hello\\n" + JSON.stringify(answers.shift())); });
  `);
  const sample = { op: "sample", slot: "a", runs: 1, clock: "wall" } as const;
  const [first, second] = await Promise.allSettled([millisecondsOf(echo, sample), millisecondsOf(echo, sample)]);
  expect(first).toEqual({ status: "fulfilled", value: 4 });
  expect(second).toMatchObject({ status: "rejected", reason: { message: "no ragged here" } });
  echo.close();
});
