// The promise of the default backend: the same bits in every runtime, with one thread and with two, with vectors paired
// and without.
import { chromium, firefox } from "@sluice/browsers";
import { beforeAll, describe, expect, test, vi } from "vitest";
import { shownOn } from "../packages/wasm/src/pairing.ts";
import { binaryOf, nodeVersions } from "../scripts/runtimes.js";
import { outcomeOf } from "./examples.ts";
import { report, type Hashes, type Report } from "./hashes.ts";
import { inBrowser, skipWithout } from "./page.ts";
import { root } from "./workspace.ts";

vi.setConfig({ testTimeout: 300_000, hookTimeout: 300_000 });

let hashes: Hashes;

beforeAll(async () => {
  const own = await report();
  hashes = own.hashes[0];
  expect(own).toMatchObject({ hashes: [hashes, hashes], ...(own.pairing.used ? { unpaired: hashes } : {}) });
});

/** Node 24 and newer read TypeScript as it is. */
const stripsTypes = (version: string): readonly string[] =>
  Number.parseInt(version, 10) < 24 ? ["--experimental-strip-types"] : [];

describe.each(nodeVersions)("Node %s", (version) => {
  const node = binaryOf(`node-${version}`);

  test("trains the weights that this Node trains, and pairs vectors where it was shown to work", async ({ skip }) => {
    skip(node === undefined, `Node ${version} was not fetched (node scripts/runtimes.js)`);
    const { code, output } = await outcomeOf(
      node!,
      [
        ...stripsTypes(version),
        "--disable-warning=ExperimentalWarning",
        "--conditions=@sluice/source",
        "tests/print-report.ts",
      ],
      { cwd: root },
    );
    expect(code, output).toBe(0);
    const pairs = process.arch === "x64" && Number.parseInt(version, 10) >= 24;
    const said = JSON.parse(output.trim().split("\n").at(-1)!) as Report;
    expect(said).toMatchObject({
      runtime: `Node ${version}`,
      hashes: [hashes, hashes],
      pairing: { used: pairs },
      ...(pairs ? { unpaired: hashes } : {}),
    });
  });
});

test("every V8 that pairs vectors is that of a Node that the suite runs on", () => {
  for (const nodes of Object.values(shownOn))
    expect(nodes.replace("Node ", "").split(", ")).toEqual(expect.arrayContaining([expect.toBeOneOf(nodeVersions)]));
});

describe.each([chromium, firefox])("$name", (browser) => {
  skipWithout(browser);

  test.each([true, false])("trains the weights that Node trains; cross-origin isolated: %s", async (isolated) => {
    const said = await inBrowser(
      browser,
      `const { report } = await import("/tests/hashes.ts"); await say({ isolated: crossOriginIsolated, ...(await report()) });`,
      { isolated },
    );
    expect(said).toMatchObject({ isolated, hashes: [hashes, hashes], pairing: { used: false } });
  });

  test("rounds a product and its sum once or twice where relaxed multiply-add is asked for", async () => {
    const square = await inBrowser(
      browser,
      `
      const { compile, matmul, tensor, valuesOf } = await import("@sluice/tensor");
      const { wasm } = await import("@sluice/wasm");
      const e = 2 ** -12;
      const given = [tensor([-(1 + 2 * e), 1 + e], [1, 2]), tensor([1, 1 + e], [2, 1])];
      const backend = wasm({ multiplyAdd: "relaxed" });
      const run = await compile((a, b) => matmul(a, b), given, { backend });
      const [value] = valuesOf(await run(...given));
      await backend.close();
      await say(value);`,
    );
    expect([0, 2 ** -24]).toContain(square);
  });
});
