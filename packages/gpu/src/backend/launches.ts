import type { Device } from "../device/device.ts";
import type { Handle, KernelSet } from "../device/kernels.ts";
import { modes } from "../device/modes.ts";
import type { Schedule } from "../schedule/schedule.ts";
import { carry, drop, held, perform, type Environment, type Machine, type Position, type Work } from "./perform.ts";
import type { Prepared } from "./prepare.ts";
import type { Running } from "./running.ts";
import { deviceStack, hostStack } from "./stack.ts";

/** Runs a schedule launch by launch. Everything stays on the device until it is read. */
export function launches(
  device: Device,
  kernels: KernelSet,
  { carried }: Schedule,
  steps: readonly Prepared[],
): Running {
  const machine = machineOf(device, kernels);
  /** What stays on the device between runs: constants, the last inputs and state. */
  const resident: Environment<Handle> = new Map();
  const read = async (
    environment: Environment<Handle>,
    buffers: ReadonlySet<number>,
  ): Promise<Map<number, Float32Array>> => {
    const values = new Map<number, Float32Array>();
    for (const buffer of buffers) values.set(buffer, await device.read(held(environment, buffer)));
    return values;
  };
  return {
    async write(buffer, values) {
      const handle = await kernels.upload(values);
      drop(machine, resident, buffer);
      resident.set(buffer, handle);
    },
    read: (buffers) => read(resident, buffers),
    async run(results) {
      const environment: Environment<Handle> = new Map();
      for (const [buffer, handle] of resident) environment.set(buffer, device.take(handle));
      try {
        await settle(perform(machine, steps, environment));
        const values = await read(environment, results);
        carry(machine, environment, carried);
        for (const { slot } of carried) {
          drop(machine, resident, slot);
          resident.set(slot, device.take(held(environment, slot)));
        }
        return values;
      } finally {
        for (const buffer of [...environment.keys()]) drop(machine, environment, buffer);
      }
    },
    async dispose() {
      for (const buffer of [...resident.keys()]) drop(machine, resident, buffer);
    },
  };
}

function machineOf(device: Device, kernels: KernelSet): Machine<Handle> {
  const { take, give } = device;
  const { isHost, rules } = modes[device.mode];
  const argument = (position: Position<Handle>): number | Float32Array => {
    if (typeof position !== "number")
      throw new Error("gpu: a position must be a number where kernels are launched one by one");
    return rules.positions === "arrays" ? Float32Array.of(position) : position;
  };
  const machine: Omit<Machine<Handle>, "stack"> = {
    take,
    give,
    launch: (kernel, reads, positions) => kernel.run(reads, positions.map(argument)),
    position: (index) => index,
  };
  return {
    ...machine,
    stack: (options) => (isHost ? hostStack(give, kernels, options) : deviceStack(machine, kernels, options)),
  };
}

/** Does work, and waits for launches that are not ready at once: the first launch of a kernel compiles it. */
async function settle<R>(work: Work<Handle, R>): Promise<R> {
  let next = work.next();
  while (next.done !== true) {
    const asked = next.value;
    if (!(asked instanceof Promise)) {
      next = work.next(asked);
      continue;
    }
    let handle: Handle;
    try {
      handle = await asked;
    } catch (error) {
      next = work.throw(error);
      continue;
    }
    next = work.next(handle);
  }
  return next.value;
}
