import { readdirSync, readFileSync } from "node:fs";
import { join, relative } from "node:path";
import { root } from "./process.js";

/** The test files that contain a text, by their paths from the root. */
export function testFilesWith(text) {
  return ["packages", "apps", "examples", "experiments", "bench", "tests", "tools"]
    .flatMap((folder) =>
      readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
        .filter(({ name, parentPath }) => name.endsWith(".test.ts") && !parentPath.includes("node_modules"))
        .map(({ name, parentPath }) => relative(root, join(parentPath, name)).replaceAll("\\", "/")),
    )
    .filter((file) => readFileSync(join(root, file), "utf8").includes(text));
}
