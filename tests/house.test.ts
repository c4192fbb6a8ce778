import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { families, folders, layers, mayImport } from "../house.js";
import { internal, members, npmName, packageNames, readJson, root, type Manifest } from "./workspace.ts";

test("the house points down", () => {
  expect(mayImport("cells", "tensor")).toBe(true);
  expect(mayImport("cells", "norm")).toBe(true);
  expect(mayImport("norm", "cells")).toBe(false);
  expect(mayImport("norm", "clip")).toBe(false);
  expect(mayImport("tensor", "wasm")).toBe(false);
  expect(mayImport("fusion", "irregular")).toBe(false);
  expect(mayImport("lab", "experiments")).toBe(false);
});

test("every member of the workspace has one place in the house", () => {
  const places = layers.flat();
  expect(new Set(places).size).toBe(places.length);
  for (const { name } of members) expect(places).toContain(name);
});

test("folders with rules of their own are there, or are families to come", () => {
  const missing = folders.filter(({ of }) => !existsSync(join(root, "packages", of))).map(({ of }) => of);
  expect(missing.filter((of) => !families("cells").includes(of.replace("cells/src/", "")))).toEqual([]);
});

describe.each(members)("$folder", ({ name, folder }) => {
  const manifest = readJson<Manifest>(folder, "package.json");
  const used = internal({ ...manifest.dependencies, ...manifest.peerDependencies });

  test("depends only downwards, also for its tests", () => {
    const upwards = [...used, ...internal(manifest.devDependencies)].filter((other) => !mayImport(name, other));
    expect(upwards).toEqual([]);
  });

  test("has a project reference for every dependency, and no other", () => {
    const { references = [] } = readJson<{ references?: { path: string }[] }>(folder, "tsconfig.json");
    expect(references.map(({ path }) => path.split("/").at(-1)).sort()).toEqual([...used].sort());
  });

  test("is licensed, ESM and free of side effects", () => {
    expect(manifest).toMatchObject({
      name: npmName(name),
      license: "MIT",
      type: "module",
      sideEffects: false,
      engines: { node: ">=22.12" },
    });
  });
});

describe.each(packageNames)("packages/%s", (name) => {
  const manifest = readJson<Manifest>("packages", name, "package.json");

  test("is published with its sources behind their own condition", () => {
    expect(manifest.private).toBeUndefined();
    expect(manifest.exports).toMatchObject({
      ".": { "@sluice/source": "./src/index.ts", types: "./dist/index.d.ts", default: "./dist/index.js" },
    });
  });

  test("is built with the others", () => {
    const { references } = readJson<{ references: { path: string }[] }>("tsconfig.json");
    expect(references).toContainEqual({ path: `packages/${name}` });
  });

  test("is there for the README examples", () => {
    expect(readJson<Manifest>("tests", "package.json").devDependencies).toHaveProperty([npmName(name)]);
    // Studies import the packages that they use, and the queue's only users are those who start workers.
    if (name === "sluice" || name === "queue") return;
    expect(readJson<Manifest>("experiments", "package.json").dependencies).toHaveProperty([npmName(name)]);
  });
});

test("packages are checked against the Node that comes along", () => {
  const { devDependencies } = readJson<Manifest>("package.json");
  const settings = readFileSync(join(root, "pnpm-workspace.yaml"), "utf8");
  expect(/^nodeVersion: (.*)$/m.exec(settings)?.[1]).toBe(devDependencies?.["node"]);
});
