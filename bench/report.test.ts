import { expect, test } from "vitest";
import { makeCase } from "./cases.ts";
import { figuresOf } from "./figures.ts";
import type { Row } from "./measure.ts";
import type { RuntimeResult } from "./runtimes.ts";
import { beginMark, endMark, fromJson, toJson, toText, withMarkdown, type Run } from "./report.ts";
import { layOut } from "./layout.ts";

const row: Row = {
  case: makeCase("train", "gru", [32, 100, 128, 128], 1),
  ms: { sluice: 20, torch: 30 },
  gflops: 60,
  peak: 80,
  microsecondsPerStep: 6.25,
  errors: { jax: "results differ: grad.W differs by 0.3 of its largest value" },
};
const run: Run = {
  machine: { cpu: "a processor", cores: 2, memoryGiB: 8, os: "linux", node: "24", v8: "13", commit: "abc" },
  command: "pnpm bench",
  samples: 7,
  clock: "wall",
  contenders: { sluice: "this repository", torch: "PyTorch 2", jax: "JAX", tfjs: "absent: it is not installed" },
  rows: [row],
  runtimes: [],
};
const runtime: RuntimeResult = {
  name: "Chromium",
  about: "Chromium 156",
  contenders: {
    sluice: "this repository",
    "gpu-webgl2": "gpu.js on ANGLE (SwiftShader Device)",
    "gpu-webgpu": "gpu.js on nvidia ampere",
    "tfjs-webgl": "absent: it is not installed",
    "jax-js-webgpu": "jax-js",
  },
  rows: [
    {
      ...row,
      case: makeCase("adam", "gru", [8, 20, 16, 16], 1),
      ms: { sluice: 0.2, "gpu-webgl2": 30, "gpu-webgpu": 1 },
      microsecondsPerStep: 1.25,
      errors: { "jax-js-webgpu": "results differ" },
    },
  ],
};

test("columns are as wide as they must be", () => {
  expect(
    layOut(
      ["name", "ms"],
      [
        ["a", "1.00"],
        ["longer", "10.0"],
      ],
    ),
  ).toBe("name      ms\n------  ----\na       1.00\nlonger  10.0");
});

test("the JSON holds what the figures are read from", () => {
  expect(JSON.parse(toJson(run))).toEqual({
    machine: { ...run.machine, command: "pnpm bench", samples: 7, clock: "wall", contenders: run.contenders },
    cases: [
      {
        name: "gru/32x100x128x128",
        kind: "train",
        threads: 1,
        ms: { sluice: 20, torch: 30 },
        gflops: 60,
        peak: 80,
        errors: row.errors,
      },
    ],
  });
});

test("a run read from its JSON is the run that was written", () => {
  expect(fromJson(toJson(run))).toEqual(run);
  expect(() =>
    fromJson(toJson({ ...run, rows: [{ ...row, case: makeCase("train", "gru", [1, 2, 3, 4], 1) }] })),
  ).toThrow("there is no case train gru/1x2x3x4");
});

test("a runtime's table has a row per contender; table and JSON mark software rendering", () => {
  const text = toText({ ...run, rows: [], contenders: {}, runtimes: [runtime] });
  expect(text).toContain(
    "In Chromium: Chromium 156\nsluice: this repository\ngpu-webgl2: gpu.js on ANGLE (SwiftShader Device)\n",
  );
  expect(text).toContain("tfjs-webgl: absent: it is not installed");
  expect(text).toMatch(/^gpu-webgl2 \(software rendering\) +30\.0 +150\.00$/m);
  expect(text).toMatch(/^gpu-webgpu +1\.00 +5\.00$/m);
  expect(text).toMatch(/^jax-js-webgpu +error$/m);
  expect(text).not.toMatch(/^tfjs-webgl +/m);
  const { machine, cases } = JSON.parse(toJson({ ...run, runtimes: [runtime] })) as {
    machine: { runtimes: unknown[] };
    cases: unknown[];
  };
  expect(machine.runtimes).toMatchObject([
    { name: "Chromium", contenders: runtime.contenders, softwareRendering: ["gpu-webgl2"] },
  ]);
  expect(cases[1]).toMatchObject({
    name: "gru/8x20x16x16",
    kind: "adam",
    threads: 1,
    runtime: "Chromium",
    ms: runtime.rows[0]!.ms,
  });
  expect(fromJson(toJson({ ...run, runtimes: [runtime] }))).toEqual({ ...run, runtimes: [runtime] });
});

test("a missing runtime is listed with the reason", () => {
  expect(
    toText({
      ...run,
      rows: [],
      runtimes: [{ ...runtime, about: "absent: there is no Chromium", contenders: {}, rows: [] }],
    }),
  ).toBe("In Chromium: absent: there is no Chromium");
});

test("a target without a kind applies to every kind", () => {
  const inference: Row = {
    ...row,
    case: makeCase("inference", "gru", [32, 100, 64, 64], 1),
    ms: { sluice: 1, jax: 2, tfjs: 20 },
    errors: {},
  };
  expect(figuresOf([inference])).toMatchObject([
    { name: "against JAX", reached: 2 },
    { name: "against TensorFlow.js", floor: 25, reached: 20 },
  ]);
});

test("the text has times, ratios and fractions, and lists missing contenders and errors", () => {
  const text = toText(run);
  expect(text).toMatch(/train gru\/32x100x128x128 +1 +20\.0 +60\.0 +75 % +30\.0 +1\.50 +error/);
  expect(text).toContain("tfjs: absent: it is not installed");
  expect(text).toContain("jax: results differ: grad.W");
});

test("a target compares the peer's time divided by ours with a floor", () => {
  expect(figuresOf([row])).toEqual([
    { name: "against PyTorch", floor: 1, reached: 1.5, case: "train gru/32x100x128x128 1" },
  ]);
  const ragged: Row = {
    ...row,
    case: makeCase("ragged", "gru", [2, 100, 8, 8], 1),
    ms: { sluice: 20, sluiceFull: 40 },
    microsecondsPerStep: 250,
  };
  expect(figuresOf([{ ...row, ms: { sluice: 20 }, products: 72, compileMilliseconds: 100 }])).toMatchObject([
    { name: "products, fraction of the peak", floor: 0.7, reached: 0.9 },
    { name: "150 ms / compile time", floor: 1, reached: 1.5 },
  ]);
  // 40 ms / 200 steps is 200 us per step of the full batch; divided by 250 us per real step that is 0.8.
  expect(figuresOf([ragged])).toMatchObject([
    { name: "step of a full batch / real step of a ragged one", reached: 0.8, floor: 0.8 },
  ]);
});

test("only the generated part of a page is replaced", () => {
  const page = `# Title\n\nby hand\n\n${beginMark}\nold\n${endMark}\nalso by hand\n`;
  const written = withMarkdown(page, run);
  expect(written).toContain("by hand\n\n<!--");
  expect(written).toContain("| train gru/32x100x128x128 | 1 | 20.0 |");
  expect(written).not.toContain("old");
  expect(written.endsWith(`${endMark}\nalso by hand\n`)).toBe(true);
  expect(withMarkdown(written, run)).toBe(written);
});
