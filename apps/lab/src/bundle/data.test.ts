import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { sha256 } from "@sluice/formats";
import type { Manifest } from "@sluice/study";
import { afterAll, describe, expect, test } from "vitest";
import { writeArchive } from "./archive.ts";
import { bundleData } from "./data.ts";
import { isBinary, withoutFiles } from "./patch.ts";
import { verifyText } from "./texts.ts";

const scratch = mkdtempSync(join(tmpdir(), "sluice-bundle-data-"));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

function write(folder: string, files: Readonly<Record<string, string>>): string {
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(scratch, folder, path)), { recursive: true });
    writeFileSync(join(scratch, folder, path), text);
  }
  return join(scratch, folder);
}

const ward = "patient,value\n7,0.5\n";
const added = (path: string, line: string): string =>
  `diff --git ${path}\nnew file mode 100644\n--- /dev/null\n+++ b/x\n@@ -0,0 +1 @@\n+${line}\n`;
const patch = `${added("a/study/ward.csv b/study/ward.csv", "7,0.5")}${added('"a/\\303\\274.csv" "b/\\303\\274.csv"', "1")}diff --git a/w.bin b/w.bin\nnew file mode 100644\nBinary files /dev/null and b/w.bin differ\n`;

describe("data that stands among the code", () => {
  const manifest: Pick<Manifest, "data" | "module"> = { data: { "ward.csv": sha256(ward), made: "0" }, module: null };
  const files = {
    "code/study/ward.csv": ward,
    "code/study/study.ts": "export default 1;\n",
    "uncommitted.diff": patch,
    "run/trials/one/uncommitted-1.diff": patch,
  };

  test("is taken out, of the changes too, and described", async () => {
    const bundle = write("without", files);
    expect(await bundleData(manifest, bundle, { included: false })).toEqual({
      files: [
        {
          ...{ name: "ward.csv", sha256: sha256(ward), bytes: null, source: null },
          ...{ place: "code/study/ward.csv", included: false },
        },
        { name: "made", sha256: "0", bytes: null, source: null, place: null, included: false },
      ],
      obtain: null,
    });
    expect([existsSync(join(bundle, "code/study/ward.csv")), existsSync(join(bundle, "code/study/study.ts"))]).toEqual([
      false,
      true,
    ]);
    for (const path of ["uncommitted.diff", "run/trials/one/uncommitted-1.diff"])
      expect(readFileSync(join(bundle, path), "utf8")).toBe(patch.slice(patch.indexOf('diff --git "a')));
  });

  test("stays if its licence allows it", async () => {
    const bundle = write("with", files);
    const { files: described } = await bundleData(manifest, bundle, { included: true });
    expect(described.map(({ included }) => included)).toEqual([true, false]);
    expect(readFileSync(join(bundle, "code/study/ward.csv"), "utf8")).toBe(ward);
    expect(readFileSync(join(bundle, "uncommitted.diff"), "utf8")).toBe(patch);
  });

  test("is asked for by the script, with its sum, before anything runs", async () => {
    const bundle = write("to verify", { ...files, SHA256SUMS: `${sha256("")}  empty\n`, empty: "" });
    const data = await bundleData(manifest, bundle, { included: false });
    const code = {
      ...{ project: "code", module: "code/study/study.ts", install: ["echo installed"], command: "echo sluice" },
      ...{ node: [20, 0] as const, identity: "", lock: null, packages: [], missing: [] },
    };
    writeFileSync(join(bundle, "verify.sh"), verifyText({ code, data }));
    const run = () => spawnSync("sh", [join(bundle, "verify.sh")], { encoding: "utf8" });
    const [absent, place] = [run(), join(bundle, "code/study/ward.csv")];
    expect(absent.status).toBe(1);
    expect(absent.stderr).toBe(
      `verify.sh: the data ${place} is not in this bundle. Get it and put it there; its SHA-256 is ${sha256(ward)}\n` +
        `sluice data ${bundle}/code/study/study.ts\n`,
    );
    writeFileSync(place, "another");
    expect([run().status, run().stderr]).toEqual([1, expect.stringContaining("ward.csv is not the data of the run")]);
    writeFileSync(place, ward);
    expect(run()).toMatchObject({
      status: 0,
      stdout: `installed\nsluice verify ${bundle}/run --study ${bundle}/code/study/study.ts\n`,
    });
  });
});

test("a patch without some of its files names them, also in other letters", () => {
  expect(withoutFiles(patch, (path) => path === "ü.csv").dropped).toEqual(["ü.csv"]);
  const { text, dropped } = withoutFiles(patch, (_, part) => isBinary(part));
  expect([patch.startsWith(text), dropped]).toEqual([true, ["w.bin"]]);
  expect(withoutFiles(patch, () => false)).toEqual({ text: patch, dropped: [] });
});

test("the same files make the same archive, whenever they were written, in whatever order", async () => {
  const date = new Date("2026-01-02T03:04:05Z");
  const files = { "b/ü.txt": "2", "a.sh": "echo 1\n" };
  const [first, second] = [write("one", files), write("two", { "a.sh": "echo 1\n", "b/ü.txt": "2" })];
  utimesSync(join(second, "a.sh"), 1, 1);
  const archives = [join(scratch, "1.tgz"), join(scratch, "2.tgz")] as const;
  await writeArchive(first, archives[0], { name: "x y", date });
  await writeArchive(second, archives[1], { name: "x y", date });
  expect(sha256(readFileSync(archives[0]))).toBe(sha256(readFileSync(archives[1])));
  const listed = execFileSync("tar", ["-tzf", archives[0], "--quoting-style=literal"], { encoding: "utf8" });
  expect(listed).toBe("x y/a.sh\nx y/b/ü.txt\n");
});
