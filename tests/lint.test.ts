import { existsSync } from "node:fs";
import { join } from "node:path";
import { ESLint } from "eslint";
import tseslint from "typescript-eslint";
import { expect, test } from "vitest";
import { longFunctions } from "../eslint.config.js";
import { root } from "./workspace.ts";

/** Without the rules that need types: the snippets are of files that are not there. */
const eslint = new ESLint({ cwd: root, overrideConfig: tseslint.configs.disableTypeChecked });

/** The rules that fire on a snippet, were it the given file. */
async function rulesFiring(filePath: string, code: string): Promise<(string | null)[]> {
  const [result] = await eslint.lintText(code, { filePath });
  return result?.messages.map(({ ruleId }) => ruleId) ?? [];
}

const cell = "packages/cells/src/example.ts";

test.each([
  ["Math.exp(1)", "no-restricted-properties"],
  ["Math['tanh'](1)", "no-restricted-properties"],
  ["Math.random()", "no-restricted-properties"],
  ["2 ** 3", "no-restricted-syntax"],
])("%s is refused in sources", async (expression, rule) => {
  const code = `export const value = ${expression};\n`;
  expect(await rulesFiring(cell, code)).toEqual([rule]);
  expect(await rulesFiring("apps/lab/src/example.ts", code)).toEqual([rule]);
  expect(await rulesFiring("experiments/long-sequence/example.ts", code)).toEqual([rule]);
});

test("the message says why, and what to use", async () => {
  const [result] = await eslint.lintText("export const e = Math.exp(1);\n", { filePath: cell });
  expect(result?.messages[0]?.message).toMatch(/engines differ.*@sluice\/tensor's scalar functions/);
});

test("every approximate function of Math is refused, and the exact ones are not", async () => {
  const exact = [
    "abs",
    "ceil",
    "clz32",
    "floor",
    "fround",
    "f16round",
    "imul",
    "max",
    "min",
    "round",
    "sign",
    "sqrt",
    "trunc",
  ];
  const functions = Object.getOwnPropertyNames(Math).filter((name) => typeof Reflect.get(Math, name) === "function");
  const code = functions.map((name) => `export const ${name} = Math.${name};\n`).join("");
  const [result] = await eslint.lintText(code, { filePath: cell });
  const refused = new Set(result?.messages.map(({ line }) => functions[line - 1]));
  expect(functions.filter((name) => !refused.has(name)).sort()).toEqual(
    functions.filter((name) => exact.includes(name)).sort(),
  );
});

test("tests may compare with Math", async () => {
  expect(await rulesFiring("packages/cells/src/example.test.ts", "export const value = Math.exp(1) ** 2;\n")).toEqual(
    [],
  );
});

test.each([
  ["packages/tensor/src/example.ts", "@sluice/compiler"],
  ["packages/norm/src/example.ts", "@sluice/cells"],
  ["packages/cells/src/example.test.ts", "@sluice/train"],
  ["packages/fusion/src/example.ts", "@sluice/irregular"],
  ["packages/study/src/example.ts", "@sluice/lab"],
  ["packages/cells/src/example.ts", "../../norm/src/index.ts"],
  ["packages/study/src/example.ts", "../../../experiments/index.ts"],
  ["packages/cells/src/example.ts", "node:fs"],
  ["packages/wasm/src/example.ts", "gpu.js"],
  ["packages/cells/src/example.ts", "sluice"],
  ["packages/cells/src/gated/example.ts", "../time/gru-d.ts"],
  ["packages/cells/src/gated/example.ts", "../layers/sequence.ts"],
  ["packages/cells/src/layers/example.ts", "../gated/gru.ts"],
  ["packages/cells/src/cell/example.ts", "../modifiers/zoneout.ts"],
  ["packages/cells/src/modifiers/example.ts", "../definition/define-cell.ts"],
  ["packages/compiler/src/passes/example.ts", "../ragged/ragged.ts"],
])("%s may not import %s", async (filePath, module) => {
  expect(await rulesFiring(filePath, `export * from "${module}";\n`)).toEqual(["no-restricted-imports"]);
});

test("an upward import is refused when it is dynamic, too", async () => {
  expect(await rulesFiring("packages/tensor/src/example.ts", 'export const wasm = import("@sluice/wasm");\n')).toEqual([
    "no-restricted-syntax",
  ]);
});

test.each([
  ["packages/cells/src/example.ts", "@sluice/norm"],
  ["packages/cells/src/example.test.ts", "@sluice/wasm"],
  ["packages/cells/src/gated/example.ts", "../definition/define-cell.ts"],
  ["packages/cells/src/layers/example.test.ts", "../gated/gru.ts"],
  ["packages/cells/src/example.test.ts", "node:fs"],
  ["packages/data/src/example.ts", "node:fs"],
  ["packages/train/src/example.ts", "./schedules/cosine.ts"],
  ["experiments/example.ts", "@sluice/study"],
])("%s may import %s", async (filePath, module) => {
  expect(await rulesFiring(filePath, `export * from "${module}";\n`)).toEqual([]);
});

test("casts that silence the checker are refused", async () => {
  expect(await rulesFiring(cell, "export const a = 1 as any;\n")).toEqual(["@typescript-eslint/no-explicit-any"]);
  expect(await rulesFiring(cell, "export const a = 1 as unknown as string;\n")).toEqual(["no-restricted-syntax"]);
});

test("flags of V8 are set in one file only", async () => {
  for (const code of [
    'import { setFlagsFromString } from "node:v8";\nsetFlagsFromString("--no-liftoff");\n',
    'import v8 from "node:v8";\nv8.setFlagsFromString("--no-liftoff");\n',
  ]) {
    for (const file of [cell, "packages/cells/src/example.test.ts", "tests/example.ts", "scripts/example.js"])
      expect(await rulesFiring(file, code)).toContain("no-restricted-syntax");
    expect(await rulesFiring("packages/wasm/src/v8-flags.ts", code)).toEqual([]);
  }
});

test("types are asked about promises and switches, and functions have at most 60 lines", async () => {
  for (const file of [
    "packages/cells/src/probe.test.ts",
    "packages/cells/src/definition/define-cell.ts",
    "tests/page.ts",
  ]) {
    const { rules } = (await new ESLint({ cwd: root }).calculateConfigForFile(join(root, file))) as {
      rules: Record<string, readonly unknown[]>;
    };
    for (const rule of ["no-floating-promises", "no-misused-promises", "await-thenable", "switch-exhaustiveness-check"])
      expect(rules[`@typescript-eslint/${rule}`]?.[0], `${rule} in ${file}`).toBe(2);
  }
  const long = (lines: number): string => `export function f(): void {\n${"  f();\n".repeat(lines - 2)}}\n`;
  expect(await rulesFiring(cell, long(60))).toEqual([]);
  expect(await rulesFiring(cell, long(61))).toEqual(["max-lines-per-function"]);
});

test("every file that may have longer functions is there", () => {
  expect(longFunctions.filter((file) => !existsSync(join(root, file)))).toEqual([]);
});
