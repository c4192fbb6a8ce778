import { expect, test } from "vitest";
import { completed, incomplete, published } from "../scripts/manifests.js";
import { packageNames } from "./workspace.ts";

const shared = {
  license: "MIT",
  author: "Us",
  repository: { type: "git", url: "git+https://example.org/us/sluice.git" },
};

test("every package says where it comes from and what it is found by, and is built before it is packed", () => {
  expect(published.filter((folder) => folder.startsWith("packages/"))).toHaveLength(packageNames.length);
  expect(incomplete(), "run pnpm manifests").toEqual([]);
});

test("a manifest is completed where it stands, from the one address", () => {
  const before = {
    name: "@sluice/cells",
    version: "1.0.0",
    description: "Cells.",
    bugs: "old",
    files: ["dist"],
    scripts: { build: "tsc -b" },
  };
  const after = completed(before, "packages/cells", shared);
  expect(after).toMatchObject({
    homepage: "https://example.org/us/sluice/tree/main/packages/cells#readme",
    repository: { type: "git", url: "git+https://example.org/us/sluice.git", directory: "packages/cells" },
    bugs: { url: "https://example.org/us/sluice/issues" },
    files: ["CHANGELOG.md", "dist"],
    scripts: { build: "tsc -b", prepack: "pnpm run build" },
  });
  expect(after.keywords).toContain("gru");
  expect(completed(after, "packages/cells", shared)).toEqual(after);
});
