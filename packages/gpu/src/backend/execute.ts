import type { Device, KernelSet } from "../device/device.ts";
import type { Carried } from "../schedule/schedule.ts";
import type { Environment, Prepared, PreparedLoop } from "./prepare.ts";
import { createStack } from "./stack.ts";

/** What steps run on. */
export interface Machine {
  readonly device: Device;
  readonly kernels: KernelSet;
}

/** Runs steps in order; `positions` are those of the loops around them. */
export async function execute(machine: Machine, steps: readonly Prepared[], environment: Environment, positions: readonly number[] = []): Promise<void> {
  for (const step of steps) {
    if (step.kind === "launch") {
      const result = step.kernel.run(step.reads.map((buffer) => environment.get(buffer)!), step.positions.map((depth) => positions[depth]!));
      environment.set(step.writes, result instanceof Promise ? await result : result);
    } else await loop(machine, step, environment, positions);
    for (const buffer of step.release) drop(machine.device, environment, buffer);
  }
}

async function loop(machine: Machine, { length, reverse, body, carried, stacked, ends }: PreparedLoop, environment: Environment, positions: readonly number[]): Promise<void> {
  const { device, kernels } = machine;
  const stacks = stacked.map(({ start, elements }) => createStack(device, kernels, { start, elements, reverse }));
  try {
    for (let i = 0; i < length; i++) {
      await execute(machine, body, environment, [...positions, reverse ? length - 1 - i : i]);
      for (const [at, { from }] of stacked.entries()) {
        const added = stacks[at]!.add(device.take(environment.get(from)!));
        if (added !== undefined) await added;
      }
      carry(device, environment, carried);
      for (const buffer of ends) drop(device, environment, buffer);
    }
    for (const [at, { to }] of stacked.entries()) environment.set(to, await stacks[at]!.finish());
  } finally {
    for (const stack of stacks) stack.dispose();
  }
}

/** Slots take what others hold, all at once. */
export function carry(device: Device, environment: Environment, carried: readonly Carried[]): void {
  const next = carried.map((each) => device.take(environment.get(each.next)!));
  carried.forEach(({ slot }, i) => {
    drop(device, environment, slot);
    environment.set(slot, next[i]!);
  });
}

export function drop(device: Device, environment: Environment, buffer: number): void {
  const handle = environment.get(buffer);
  environment.delete(buffer);
  if (handle !== undefined) device.give(handle);
}
