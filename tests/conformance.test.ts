// One suite for every backend that gives no exact bits to hold it to: each primitive, each cell of the library with its
// gradients, and training.
import { chromium } from "@sluice/browsers";
import { gpu, type GpuMode, type GpuOptions } from "@sluice/gpu";
import type { Backend } from "@sluice/tensor";
import { primitiveFindings, type Finding } from "@sluice/tensor/testing";
import { wasm } from "@sluice/wasm";
import { beforeEach, describe, expect, inject, test } from "vitest";
import { inChromium, skipWithout } from "./page.ts";
import { cellFindings, trainingFinding } from "./conformance.ts";
import { installWebGpu } from "./node-webgpu.ts";

interface Tolerance {
  /** Of a primitive and of a cell with its gradients: the largest difference by the tensor's largest value. */
  readonly primitives: number;
  readonly cells: number;
  /** Of the loss in each of 50 training steps. */
  readonly training: number;
}

/*
 * The docs repeat these. Sums in another order, and functions rounded otherwise, differ in the last of 24 bits, which
 * is 6e-8 of a value: a few times that in a primitive, and, in the gradient of a normalizer, which divides by what a
 * subtraction left, up to 5e-6. Graphics cards may be off further: WGSL allows exp(x) 3 + 2 |x| units in the last
 * place, which is 1e-5 at the largest x that a float has an exp of, and 2.5 of them to a division.
 */
const tolerances: Readonly<Record<"wasm" | GpuMode, Tolerance>> = {
  wasm: { primitives: 1e-6, cells: 2e-5, training: 1e-5 },
  cpu: { primitives: 1e-6, cells: 2e-5, training: 1e-5 },
  webasm: { primitives: 1e-6, cells: 2e-5, training: 1e-5 },
  headlessgl: { primitives: 2e-5, cells: 1e-4, training: 1e-4 },
  webgl2: { primitives: 2e-5, cells: 1e-4, training: 1e-4 },
  webgpu: { primitives: 2e-5, cells: 1e-4, training: 1e-4 },
};

/** What lies beyond the tolerance, or did not run. */
function beyond(findings: readonly Finding[], tolerance: number): Finding[] {
  return findings.filter(({ distance, problem }) => problem !== undefined || !(distance <= tolerance));
}

/** Launch by launch is left to npm run test:long. */
const backends: Readonly<Record<string, { readonly mode: "wasm" | GpuMode; readonly open: () => Promise<Backend> }>> = {
  wasm: { mode: "wasm", open: async () => wasm() },
  "wasm relaxed": { mode: "wasm", open: async () => wasm({ multiplyAdd: "relaxed" }) },
  "gpu cpu": { mode: "cpu", open: () => gpu({ mode: "cpu" }) },
  "gpu webasm": { mode: "webasm", open: () => gpu({ mode: "webasm" }) },
  ...(inject("long") && {
    "gpu webasm, launch by launch": { mode: "webasm", open: () => gpu({ mode: "webasm", pipelines: false }) },
  }),
  "gpu headlessgl": { mode: "headlessgl", open: () => gpu({ mode: "headlessgl" }) },
  "gpu webgpu": { mode: "webgpu", open: () => gpu({ mode: "webgpu" }) },
};

/** Why a mode cannot be had in Node; undefined where it can. */
async function absenceOf(mode: GpuMode): Promise<string | undefined> {
  try {
    await (await gpu({ mode })).close();
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

const absence: Readonly<Record<string, string | undefined>> = {
  headlessgl: await absenceOf("headlessgl"),
  webgpu: installWebGpu() ?? (await absenceOf("webgpu")),
};

describe.each(Object.entries(backends))("%s in Node", (_, { mode, open }) => {
  // CONTRIBUTING.md says how to have headlessgl and webgpu in Node.
  beforeEach(({ skip }) => skip(absence[mode] !== undefined, absence[mode]));

  const using = async <T>(use: (backend: Backend) => Promise<T>): Promise<T> => {
    const backend = await open();
    try {
      return await use(backend);
    } finally {
      await backend.close();
    }
  };

  test("every primitive", async () => {
    // A kernel takes a graphics driver longer to compile.
    const runs = mode === "headlessgl" || mode === "webgpu" ? 3 : 20;
    expect(beyond(await using((backend) => primitiveFindings(backend, { runs })), tolerances[mode].primitives)).toEqual(
      [],
    );
  });

  test("every cell, forward and backward", async () => {
    expect(beyond(await using(cellFindings), tolerances[mode].cells)).toEqual([]);
  });

  test("training a small GRU", async () => {
    const found = await using(trainingFinding);
    expect(beyond([found], tolerances[mode].training)).toEqual([]);
    expect(found.losses.at(-1)!).toBeLessThan(found.losses[0]! / 2);
  });
});

interface Answer {
  readonly mode: string;
  readonly primitives: readonly Finding[];
  readonly cells: readonly Finding[];
  readonly training: Finding & { readonly losses: readonly number[] };
}

const scriptFor = (options: GpuOptions): string => `
  const { gpu } = await import("@sluice/gpu");
  const { primitiveFindings } = await import("@sluice/tensor/testing");
  const { cellFindings, trainingFinding } = await import("/tests/conformance.ts");
  const backend = await gpu(${JSON.stringify(options)});
  const primitives = await primitiveFindings(backend, { runs: 3 });
  const cells = await cellFindings(backend);
  const training = await trainingFinding(backend);
  await backend.close();
  await say({ mode: backend.mode, primitives, cells, training });`;

describe("in Chromium", { timeout: 600_000 }, () => {
  skipWithout(chromium);

  const launchByLaunch = inject("long") ? ([{ mode: "webgpu", pipelines: false }] as const) : [];

  test.each([{ mode: "webgl2" }, { mode: "webgpu" }, ...launchByLaunch] as const)(
    "%o: every primitive, every cell, and training",
    async (options) => {
      const { mode } = options;
      const answer = (await inChromium(scriptFor(options), { graphics: true })) as Answer;
      expect(answer.mode).toBe(mode);
      expect(answer.primitives.length).toBeGreaterThan(40);
      expect(beyond(answer.primitives, tolerances[mode].primitives)).toEqual([]);
      expect(answer.cells.length).toBeGreaterThan(10);
      expect(beyond(answer.cells, tolerances[mode].cells)).toEqual([]);
      expect(beyond([answer.training], tolerances[mode].training)).toEqual([]);
      expect(answer.training.losses.at(-1)!).toBeLessThan(answer.training.losses[0]! / 2);
    },
  );
});
