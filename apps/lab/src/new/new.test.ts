import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { PassThrough } from "node:stream";
import { dirname, join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { javascriptTemplates, templates } from "../../../../scripts/templates.js";
import { askForProject, type Known } from "./ask.ts";
import { PROJECT_KINDS, projectFiles } from "./project-files.ts";
import { projectName } from "./project-name.ts";
import { endingOf, LANGUAGES } from "./templates.ts";
import { writeProject } from "./write-project.ts";

const scratch = mkdtempSync(join(tmpdir(), "sluice-new-"));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

const packaged: readonly string[] = ["cell", "plugin"];
const choices = PROJECT_KINDS.flatMap((kind) => LANGUAGES.map((language) => ({ kind, language })));

describe.each(choices)("a new $kind in $language", ({ kind, language }) => {
  const files = projectFiles({ kind, language }, projectName("new-name"), "1.2.3");
  const ending = endingOf(language);

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
    const source = files[`src/index.${ending}`] ?? "";
    const needed = Array.from(source.matchAll(/from "(@sluice\/[a-z]+)/g), ([, name]) => name ?? "");
    expect(Object.keys(peerDependencies)).toEqual(needed.toSorted());
    expect(needed.length > 0).toBe(packaged.includes(kind));
  });

  test("has no name of the templates, and imports the files that it has", () => {
    for (const [path, text] of Object.entries(files)) {
      expect(text).not.toMatch(/soft.?(gate|clip)/i);
      for (const [, imported = ""] of text.matchAll(/from "(\.[^"]+)"/g))
        expect(Object.keys(files)).toContain(join(dirname(path), imported));
    }
    const code = Object.keys(files).filter((path) => /\.[jt]s$/.test(path));
    expect(code.every((path) => path.endsWith(`.${ending}`))).toBe(true);
  });

  test("has a README of five lines, and keeps what is made out of the repository", () => {
    expect(files["README.md"]?.trimEnd().split("\n")).toHaveLength(5);
    expect(files[".gitignore"]).toContain("node_modules/");
    for (const [path, text] of Object.entries(files))
      if (path !== "README.md")
        expect(Math.max(...text.split("\n").map((line) => line.length))).toBeLessThanOrEqual(120);
  });
});

test("the JavaScript templates are the TypeScript ones without types (node scripts/templates.js)", async () => {
  const made = await javascriptTemplates();
  const folder = join(templates, "javascript");
  expect(readdirSync(folder).toSorted()).toEqual(Object.keys(made).toSorted());
  for (const [file, text] of Object.entries(made)) expect(readFileSync(join(folder, file), "utf8")).toBe(text);
});

const cell = { kind: "cell", language: "typescript" } as const;

test("is written into a new or an empty folder, and never over anything", () => {
  const { folder, files } = writeProject(cell, join(scratch, "below/soft-gate"), "1.2.3");
  expect(files).toContain("src/index.test.ts");
  expect(readFileSync(join(folder, "src/index.ts"), "utf8")).toContain("export const softGate = defineCell({");
  mkdirSync(join(scratch, "empty"));
  expect(writeProject({ kind: "study", language: "javascript" }, join(scratch, "empty"), "1.2.3").files).toContain(
    "study.js",
  );
  mkdirSync(join(scratch, "full"));
  writeFileSync(join(scratch, "full/notes.txt"), "mine");
  expect(() => writeProject(cell, join(scratch, "full"), "1.2.3")).toThrow("exists and is not an empty folder");
  expect(readdirSync(join(scratch, "full"))).toEqual(["notes.txt"]);
  expect(() => writeProject(cell, join(scratch, "full/notes.txt"), "1.2.3")).toThrow("cannot be the name");
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

/** What is made of answers that are typed, or pasted at once. */
async function answered(typed: string, known: Partial<Known> = {}) {
  const [stdin, stdout] = [new PassThrough(), new PassThrough()];
  let said = "";
  stdout.on("data", (part) => (said += String(part)));
  stdin.end(typed);
  const wanted = await askForProject({ usual: "typescript", ...known }, { stdin, stdout, folder: scratch });
  return { wanted, said };
}

describe("questions", () => {
  test("have a usual answer, and take numbers and words", async () => {
    expect((await answered("\n\n\n")).wanted).toEqual({
      kind: "study",
      language: "typescript",
      folder: join(scratch, "my-study"),
    });
    expect((await answered("4\njs\nsoft-x\n")).wanted).toEqual({
      kind: "modalities",
      language: "javascript",
      folder: join(scratch, "soft-x"),
    });
  });

  test("are asked again after an answer that cannot be, and say why", async () => {
    const { wanted, said } = await answered("7\ncell\nrust\n\nSoft\n\n");
    expect(wanted).toMatchObject({ kind: "cell", language: "typescript", folder: join(scratch, "my-cell") });
    expect(said).toContain(
      "expected one of study, compare, records, modalities, cell, plugin, or a number from 1 to 6",
    );
    expect(said).toContain('expected "ts" or "js"');
    expect(said).toContain('"Soft" cannot be the name of a project');
  });

  test("are not asked about what is known, and may be left", async () => {
    const { wanted, said } = await answered("\n", { kind: "plugin", language: "javascript" });
    expect(wanted).toMatchObject({ kind: "plugin", folder: join(scratch, "my-plugin") });
    expect(said).not.toContain("What shall it be?");
    expect((await answered("compare\n")).wanted).toBeNull();
  });
});
