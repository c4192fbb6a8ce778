import { expect, test } from "vitest";
import { inside } from "./inside.ts";

test("trains a network and draws its figures, with the same bytes in each run", async () => {
  const page = await inside({ epochs: 1, time: 6 });
  expect(page.match(/<figure><svg /g)).toHaveLength(4);
  for (const title of ["Training", "How far back the gradient reaches", "Gates over time", "0.update", "unit 15"])
    expect(page).toContain(title);
  expect(page).not.toMatch(/NaN|undefined/);
  expect(await inside({ epochs: 1, time: 6 })).toBe(page);
});
