import { expect, test } from "vitest";
import { nodeProblem } from "./node-version.ts";

test("a Node that is too old is named, with what to do", () => {
  for (const good of ["22.12.0", "22.18.0", "24.0.0", "100.1.0"]) expect(nodeProblem(good)).toBeNull();
  for (const old of ["18.20.0", "20.20.2", "22.11.0"]) expect(nodeProblem(old)).toContain(`this is Node ${old}.`);
  expect(nodeProblem("20.20.2")).toMatch(/^Sluice needs Node 22\.12 or newer, .* npx -p node@24 before the command/);
});
