// node --conditions=@sluice/source tests/time-gpu-pipelines.ts: what one pipeline saves, the table in docs/backends.md.
import { inChromium } from "./page.ts";
import { timeStep, type StepSize, type Timing } from "./gpu-pipelines.ts";

const sizes: readonly StepSize[] = [
  { batch: 2, time: 2, input: 8, hidden: 32 },
  { batch: 2, time: 2, input: 8, hidden: 128 },
  { batch: 8, time: 20, input: 16, hidden: 16 },
  { batch: 8, time: 100, input: 16, hidden: 16 },
  { batch: 8, time: 1000, input: 16, hidden: 16 },
  { batch: 32, time: 100, input: 64, hidden: 64 },
];
const SAMPLES = 7;

const inPage = (size: StepSize): Promise<unknown> =>
  inChromium(
    `const { timeStep } = await import("/tests/gpu-pipelines.ts"); await say(await timeStep("webgpu", ${JSON.stringify(size)}, ${SAMPLES}));`,
    { graphics: true },
  );

const number = (ms: number): string => (ms < 100 ? ms.toFixed(1) : ms.toFixed(0));

console.log(
  "| mode | batch x time x input x hidden | weights and moments, kB | launch by launch, ms per step | one pipeline, ms per step | launch by launch, ms until ready | one pipeline, ms until ready |",
);
console.log("|---|---|--:|--:|--:|--:|--:|");
for (const [mode, time] of [
  ["webasm", (size: StepSize) => timeStep("webasm", size, SAMPLES)],
  ["webgpu", async (size: StepSize) => (await inPage(size)) as Timing],
] as const) {
  for (const size of sizes) {
    const { state, launches, pipeline, apart } = await time(size);
    if (!(apart < 1e-3)) throw new Error(`${mode}: the losses are ${apart} apart`);
    const { batch, time: steps, input, hidden } = size;
    console.log(
      `| ${[mode, [batch, steps, input, hidden].join("x"), (state / 1000).toFixed(0), number(launches.step), number(pipeline.step), launches.ready.toFixed(0), pipeline.ready.toFixed(0)].join(" | ")} |`,
    );
  }
}
