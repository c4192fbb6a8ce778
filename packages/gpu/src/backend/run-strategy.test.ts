import { expect, test } from "vitest";
import type { Schedule, Step } from "../schedule/schedule.ts";
import { chooseStrategy } from "./run-strategy.ts";

const launch: Step = { kind: "launch", code: "", reads: [], positions: [], writes: 0, release: [] };

/** A launch, a loop of two launches a step and one stacked output, and a state. */
function scheduleOf({ length, state }: { readonly length: number; readonly state: number }): Schedule {
  const loop: Step = {
    kind: "loop",
    length,
    reverse: false,
    depth: 0,
    body: [launch, launch],
    carried: [],
    stacked: [{ from: 1, start: 0, to: 2, elements: 4 }],
    release: [],
  };
  return {
    buffers: [0, state],
    constants: { buffer: 0, parts: [] },
    inputs: { buffer: 0, parts: [] },
    state: [],
    steps: [launch, loop],
    carried: [{ slot: 1, next: 0 }],
    outputs: [],
  };
}

const small = scheduleOf({ length: 50, state: 100 });

test("a run is a pipeline where gpu.js does it as one and that costs less", () => {
  expect(chooseStrategy("webgpu", small, true)).toEqual({ pipeline: true, reason: "a pipeline of 111 launches" });
  expect(chooseStrategy("webasm", small, true).pipeline).toBe(true);
});

test.each([
  ["webgl2", small, true, "111 launches one by one: gpu.js cannot run a pipeline as one in mode webgl2"],
  ["cpu", small, true, "111 launches one by one: gpu.js cannot run a pipeline as one in mode cpu"],
  ["webgpu", small, false, "111 launches one by one: pipelines are turned off"],
  [
    "webasm",
    scheduleOf({ length: 100_000, state: 1 }),
    true,
    "220001 launches one by one: a pipeline may have at most 20000",
  ],
  [
    "webgpu",
    scheduleOf({ length: 50, state: 1e6 }),
    true,
    "111 launches one by one: 4000000 bytes of state stay on the device",
  ],
] as const)("otherwise it is not: %s", (mode, plan, allowed, reason) => {
  expect(chooseStrategy(mode, plan, allowed)).toEqual({ pipeline: false, reason });
});

test("in this process state costs nothing to hand over", () => {
  expect(chooseStrategy("webasm", scheduleOf({ length: 50, state: 1e6 }), true).pipeline).toBe(true);
});
