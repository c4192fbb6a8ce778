import { nth, lookUp } from "@sluice/tensor/internal";
import type { Device } from "../device/device.ts";
import type { Kernel, KernelSet } from "../device/kernels.ts";
import type { Recorded } from "../device/library.ts";
import { modes } from "../device/modes.ts";
import { literal } from "../kernels/body.ts";
import type { Schedule } from "../schedule/schedule.ts";
import {
  carry,
  held,
  perform,
  type Buffer,
  type Environment,
  type Machine,
  type Position,
  type Work,
} from "./perform.ts";
import type { Prepared } from "./prepare.ts";
import type { Running } from "./running.ts";
import { deviceStack } from "./stack.ts";

/** A buffer of a pipeline. */
interface Recording extends Buffer {
  readonly recorded: Recorded;
}

/**
 * Runs a schedule as one pipeline of gpu.js: on webgpu all launches go to the device in one submission; on webasm they
 * share one memory. A pipeline takes arrays and reads back all its results. So state is in this process between runs,
 * and comes back with the results.
 */
export function pipelined(
  device: Device,
  kernels: KernelSet,
  { buffers, constants, inputs, state, carried, outputs }: Schedule,
  steps: readonly Prepared[],
): Running {
  const sizeOfBuffer = (buffer: number): number => nth(buffers, buffer);
  const given = [...new Set([constants.buffer, inputs.buffer, ...state.map(({ place }) => place.buffer)])].filter(
    (buffer) => sizeOfBuffer(buffer) > 0,
  );
  const kept = new Map<number, Float32Array>(given.map((buffer) => [buffer, new Float32Array(sizeOfBuffer(buffer))]));
  const results = [...new Set(outputs.filter(({ type }) => !type.shape.includes(0)).map(({ place }) => place.buffer))];
  const pipeline = device.pipeline(given.length, (handles) => {
    const machine = recorder(device, kernels);
    const environment: Environment<Recording> = new Map(
      given.map((buffer, i) => [buffer, { elements: sizeOfBuffer(buffer), recorded: nth(handles, i) }]),
    );
    record(perform(machine, steps, environment));
    const read = results.map((buffer) => held(environment, buffer).recorded);
    carry(machine, environment, carried);
    return [...read, ...carried.map(({ slot }) => held(environment, slot).recorded)];
  });
  return {
    async write(buffer, values) {
      kept.set(buffer, values);
    },
    read: async () => kept,
    async run() {
      const values = await pipeline.run(given.map((buffer) => lookUp(kept, buffer, "no buffer")));
      const result = (i: number): Float32Array => nth(values, i);
      carried.forEach(({ slot }, i) => kept.set(slot, result(results.length + i)));
      return new Map(results.map((buffer, i) => [buffer, result(i)]));
    },
    dispose: () => pipeline.dispose(),
  };
}

function recorder(device: Device, kernels: KernelSet): Machine<Recording> {
  const { positions: as } = modes[device.mode].rules;
  const argument = (position: Position<Recording>): number | Recorded =>
    typeof position === "number" ? position : position.recorded;
  const launch = (
    kernel: Kernel,
    reads: readonly Recording[],
    positions: readonly Position<Recording>[],
  ): Recording => ({
    elements: kernel.elements,
    recorded: kernel.record(
      reads.map(({ recorded }) => recorded),
      positions.map(argument),
    ),
  });
  const machine: Omit<Machine<Recording>, "stack"> = {
    take: (buffer) => buffer,
    give: () => {},
    launch,
    position(index, step, before) {
      if (as === "numbers") return index;
      if (before === undefined || typeof before === "number")
        return launch(kernels.kernel(`function () {\n  return ${index}.0 + this.thread.x;\n}`, [], 1), [], []);
      return launch(kernels.kernel(`function (a0) {\n  return a0[0] + ${literal(step)};\n}`, [1], 1), [before], []);
    },
  };
  return { ...machine, stack: (options) => deviceStack(machine, kernels, options) };
}

/** Does work whose launches are recorded. */
function record(work: Work<Recording>): void {
  let next = work.next();
  while (next.done !== true) {
    if (next.value instanceof Promise) throw new Error("gpu: a recorded launch must not be a promise");
    next = work.next(next.value);
  }
}
