// Deno without any permission, where reading an environment variable throws, trains the weights that Node trains.
import { spawnSync } from "node:child_process";
import { trainSmallGru } from "@sluice/train/testing";
import { wasm } from "@sluice/wasm";
import { expect, test } from "vitest";
import { outcomeOf } from "./examples.ts";
import { root } from "./workspace.ts";

const isThere = spawnSync("deno", ["--version"]).status === 0;

test("Deno without permissions", { timeout: 600_000 }, async ({ skip }) => {
  skip(!isThere, "there is no deno on the PATH (the npm package deno has it)");
  const backend = wasm();
  const { hash } = await trainSmallGru(backend);
  await backend.close();
  const { code, output } = await outcomeOf(
    "deno",
    ["run", "--quiet", "--no-prompt", "--node-modules-dir=manual", "--conditions=@sluice/source", "tests/in-deno.ts"],
    { cwd: root },
  );
  expect(code, output).toBe(0);
  expect(JSON.parse(output)).toEqual([hash, hash]);
});
