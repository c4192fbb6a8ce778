import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { PROJECT_KINDS, projectFiles } from "./project-files.ts";
import { projectName } from "./project-name.ts";
import { writeProject } from "./write-project.ts";

const scratch = mkdtempSync(join(tmpdir(), "sluice-new-"));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

describe.each(PROJECT_KINDS)("a new %s", (kind) => {
  const files = projectFiles(kind, projectName("soft-gate"), "1.2.3");

  test("depends on every package that its code imports, on no other, and on one version of all", () => {
    const imported = new Set(
      Object.values(files).flatMap((text) =>
        Array.from(text.matchAll(/from "(@sluice\/[a-z]+)/g), ([, name]) => name ?? ""),
      ),
    );
    const { dependencies = {}, devDependencies = {}, peerDependencies = {} } = JSON.parse(files["package.json"] ?? "");
    const listed = { ...dependencies, ...devDependencies };
    const own = Object.keys(listed).filter((name) => name.startsWith("@sluice/"));
    expect(own.toSorted()).toEqual([...imported, "@sluice/lab"].toSorted());
    for (const name of own) expect(listed[name]).toBe("^1.2.3");
    const source = files[kind === "study" ? "cell.ts" : "src/index.ts"] ?? "";
    const needed = Array.from(source.matchAll(/from "(@sluice\/[a-z]+)/g), ([, name]) => name ?? "");
    expect(Object.keys(peerDependencies)).toEqual(kind === "study" ? [] : needed.toSorted());
  });

  test("has a README of five lines, and keeps what is made out of the repository", () => {
    expect(files["README.md"]?.trimEnd().split("\n")).toHaveLength(5);
    expect(files[".gitignore"]).toContain("node_modules/");
    for (const text of Object.values(files))
      expect(Math.max(...text.split("\n").map((line) => line.length))).toBeLessThanOrEqual(120);
  });
});

test("is written into a new or an empty folder, and never over anything", () => {
  const { folder, files } = writeProject("cell", join(scratch, "below/soft-gate"), "1.2.3");
  expect(files).toContain("src/index.test.ts");
  expect(readFileSync(join(folder, "src/index.ts"), "utf8")).toContain("export const softGate = defineCell({");
  mkdirSync(join(scratch, "empty"));
  expect(writeProject("study", join(scratch, "empty"), "1.2.3").files).toContain("study.ts");
  mkdirSync(join(scratch, "full"));
  writeFileSync(join(scratch, "full/notes.txt"), "mine");
  expect(() => writeProject("study", join(scratch, "full"), "1.2.3")).toThrow("exists and is not an empty folder");
  expect(readdirSync(join(scratch, "full"))).toEqual(["notes.txt"]);
  expect(() => writeProject("study", join(scratch, "full/notes.txt"), "1.2.3")).toThrow("cannot be the name");
});

test.each([
  ["Soft", "lower-case words"],
  ["a_b", "lower-case words"],
  ["3-gates", "lower-case words"],
  ["-gate", "lower-case words"],
  ["x".repeat(61), "at most 60"],
  ["delete", "JavaScript, Node or"],
  ["http", 'such as "my-http"'],
  ["typescript", "JavaScript, Node or"],
])("the name %s is refused", (name, why) => {
  expect(() => projectName(name)).toThrow(why);
});
