// A public name means one thing in all packages, so that one package can export everything.
import { createRequire } from "node:module";
import { join } from "node:path";
import type TypeScript from "typescript";
import { expect, test } from "vitest";
import { packageNames, root } from "./workspace.ts";

const ts = createRequire(join(root, "package.json"))("typescript") as typeof TypeScript;

const options: TypeScript.CompilerOptions = {
  noEmit: true,
  skipLibCheck: true,
  allowImportingTsExtensions: true,
  customConditions: ["@sluice/source"],
  module: ts.ModuleKind.NodeNext,
  moduleResolution: ts.ModuleResolutionKind.NodeNext,
  target: ts.ScriptTarget.ES2024,
};

/** Every export of the index files, with the packages that export it, each with what it stands for there. */
function exportsOf(indexes: Readonly<Record<string, string>>): Map<string, Map<string, TypeScript.Symbol>> {
  const program = ts.createProgram(Object.values(indexes), options);
  const checker = program.getTypeChecker();
  const names = new Map<string, Map<string, TypeScript.Symbol>>();
  for (const [name, file] of Object.entries(indexes)) {
    const source = program.getSourceFile(file);
    const module = source && checker.getSymbolAtLocation(source);
    if (module === undefined) throw new Error(`${file} is not a module`);
    for (const symbol of checker.getExportsOfModule(module)) {
      const meant = symbol.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol;
      names.set(symbol.name, (names.get(symbol.name) ?? new Map()).set(name, meant));
    }
  }
  return names;
}

/** The names that stand for different things in different packages. */
function ambiguous(indexes: Readonly<Record<string, string>>): string[] {
  return [...exportsOf(indexes)]
    .filter(([, packages]) => new Set(packages.values()).size > 1)
    .map(([name, packages]) => `${name}: ${[...packages.keys()].join(", ")}`);
}

const index = (name: string): string => join(root, "packages", name, "src/index.ts");

test("no two packages export one name with different meanings", { timeout: 600_000 }, () => {
  expect(ambiguous(Object.fromEntries(packageNames.map((name) => [name, index(name)])))).toEqual([]);
});

test("a name that means two things is found, and one that is exported again is not", { timeout: 600_000 }, () => {
  const file = (path: string): string => join(root, "packages", path);
  const [tensors, numbers] = [file("tensor/src/primitives/reduce.ts"), file("study/src/statistics/summary.ts")];
  expect(ambiguous({ tensors, numbers })).toEqual(["mean: tensors, numbers"]);
  expect(ambiguous({ part: file("params/src/initializers/random.ts"), all: index("params") })).toEqual([]);
});
