// The promise of the default backend, in a real browser: Chromium trains the same weights as Node, bit for bit, with
// one thread and with several, and the page goes on meanwhile. Alone, since it measures how long the page pauses.
import { chromium } from "@sluice/browsers";
import { trainSmallGru } from "@sluice/train/testing";
import { wasm } from "@sluice/wasm";
import { describe, expect, test } from "vitest";
import { inChromium, skipWithout } from "./page.ts";
import { longStep, type LongStep } from "./long-step.ts";

const script = `
  const { trainSmallGru } = await import("@sluice/train/testing");
  const { wasm } = await import("@sluice/wasm");
  const { longStep } = await import("/tests/long-step.ts");
  const runs = [];
  for (const threads of [1, 2]) {
    const backend = wasm({ threads });
    runs.push({ hash: (await trainSmallGru(backend)).hash, ...await longStep(backend) });
    await backend.close();
  }
  await say({ isolated: crossOriginIsolated, runs });`;

interface Answer {
  readonly isolated: boolean;
  readonly runs: readonly ({ readonly hash: string } & LongStep)[];
}

describe("Chromium", { timeout: 600_000 }, () => {
  skipWithout(chromium);

  test.each([true, false])(
    "trains the weights that Node trains, and its page goes on; cross-origin isolated: %s",
    async (isolated) => {
      const backend = wasm();
      const { hash } = await trainSmallGru(backend);
      const { loss } = await longStep(backend);
      await backend.close();
      const answer = await inChromium(script, { isolated });
      expect(answer).toEqual({
        isolated,
        runs: [1, 2].map(() => ({ hash, loss, milliseconds: expect.any(Number), longestPause: expect.any(Number) })),
      });
      for (const { milliseconds, longestPause } of (answer as Answer).runs) {
        expect(milliseconds).toBeGreaterThan(200);
        // A blocked page would pause for the whole step; the rest allows for a machine with less to spare than threads.
        expect(longestPause).toBeLessThan(milliseconds / 4);
      }
    },
  );
});
