// What bites on gpu.js, in every mode that can be had here; and in Chromium what it keeps on the device, and how it
// takes the loss of it.
import { chromium } from "@sluice/browsers";
import { gpu, type GpuMode, type GpuOptions } from "@sluice/gpu";
import type { Finding } from "@sluice/tensor/testing";
import { describe, expect, inject, test } from "vitest";
import { inChromium, skipWithout } from "./page.ts";
import type { Growth, Lost, Textures } from "./gpu-device.ts";
import { trapFindings } from "./gpu-traps.ts";

/** Sums of a thousand terms in another order, in f32. */
const TOLERANCE = 2e-6;
const beyond = (findings: readonly Finding[]): Finding[] =>
  findings.filter(({ distance, problem }) => problem !== undefined || !(distance <= TOLERANCE));

/** Launch by launch is left to npm run test:long. */
const launchByLaunch = (mode: GpuMode): GpuOptions[] => (inject("long") ? [{ mode, pipelines: false }] : []);

test.each<GpuOptions>([{ mode: "cpu" }, { mode: "webasm" }, ...launchByLaunch("webasm")])(
  "traps, %o",
  { timeout: 600_000 },
  async (options) => {
    const backend = await gpu(options);
    expect(beyond(await trapFindings(backend))).toEqual([]);
    await backend.close();
  },
);

const MEGABYTE = 1e6;

/** No object of the device more than before, and hardly more heap. */
function expectFlat({ early, late }: Growth): void {
  const { heap: before, ...objects } = early;
  const { heap: after, ...later } = late;
  expect(Object.keys(objects)).not.toEqual([]);
  expect(later).toEqual(objects);
  expect(after! - before!).toBeLessThan(0.5 * MEGABYTE);
}

describe.each<GpuOptions>([{ mode: "webgl2" }, { mode: "webgpu" }, ...launchByLaunch("webgpu")])(
  "%o in Chromium",
  { timeout: 600_000 },
  (options) => {
    skipWithout(chromium);

    const { mode, pipelines = mode === "webgpu" } = options;
    const inPage = (call: string): Promise<unknown> =>
      inChromium(
        `const page = await import("/tests/gpu-device.ts"); await say(await page.${call}(${JSON.stringify(options)}));`,
        { graphics: true },
      );

    test("traps", async () => {
      const script = `
      const { gpu } = await import("@sluice/gpu");
      const { trapFindings } = await import("/tests/gpu-traps.ts");
      await say(await trapFindings(await gpu(${JSON.stringify(options)})));`;
      const findings = (await inChromium(script, { graphics: true })) as Finding[];
      expect(findings.length).toBeGreaterThan(15);
      expect(beyond(findings)).toEqual([]);
    });

    test("a lost device is an error, and training goes on elsewhere from the last weights", async () => {
      const { messages, resumed, whole } = (await inPage("deviceLoss")) as Lost;
      const gone = expect.stringMatching(
        new RegExp(
          `the device of mode ${mode} was lost, and its state with it. Make a new backend \\(gpu\\(\\) again, or @sluice/wasm\\) and continue from the state that you read last`,
        ),
      );
      // What a pipeline takes and gives lies in the page, and gpu.js asks for another device.
      const kept = expect.stringMatching(
        /the device of mode webgpu was lost. The state is unchanged by this run: run again/,
      );
      expect(messages).toEqual(pipelines ? [kept, "nothing failed", "nothing failed"] : [gone, gone, gone]);
      resumed.forEach((loss, i) => expect(Math.abs(loss - whole[i]!)).toBeLessThan(1e-6));
    });

    test("a kernel that does not compile is an error, and the backend goes on", async () => {
      const { message, next } = (await inPage("badKernel")) as { message: string; next: number };
      expect(message).toMatch(
        new RegExp(
          `^gpu: gpu.js could not run a ${pipelines ? "pipeline" : "kernel"} in mode ${mode}: Error compiling`,
        ),
      );
      expect(next).toBe(42);
    });

    test("a thousand training steps leave nothing behind", async () =>
      expectFlat((await inPage("overSteps")) as Growth));

    test("a hundred programs, compiled, run and dropped, leave nothing behind", async () =>
      expectFlat((await inPage("overPrograms")) as Growth));
  },
);

describe("textures of webgl2 in Chromium", { timeout: 600_000 }, () => {
  skipWithout(chromium);

  test("an array longer than one is wide is correct, and one that none holds an error", async () => {
    const script = `const page = await import("/tests/gpu-device.ts"); await say(await page.smallTextures({ mode: "webgl2" }));`;
    const { differing, message } = (await inChromium(script, { graphics: true })) as Textures;
    expect(differing).toBe(0);
    expect(message).toBe(
      "gpu: an array of 4097 elements is too large: the largest texture of mode webgl2 holds 4096 on this device. Use a smaller batch, fewer steps, scan's option segment, or @sluice/wasm",
    );
  });
});
