import type { Device, Handle } from "../device/device.ts";
import type { Launch, Loop, Step } from "../schedule/schedule.ts";
import { createStack } from "./stack.ts";

/** The handles of a schedule's buffers while it runs. */
export type Environment = Map<number, Handle>;

/** Runs steps in order; `positions` are those of the loops around them. */
export async function execute(device: Device, sizes: readonly number[], steps: readonly Step[], environment: Environment, positions: readonly number[] = []): Promise<void> {
  for (const step of steps) {
    if (step.kind === "launch") {
      const result = launch(device, sizes, step, environment, positions);
      environment.set(step.writes, result instanceof Promise ? await result : result);
    } else await loop(device, sizes, step, environment, positions);
    for (const buffer of step.release) drop(device, environment, buffer);
  }
}

function launch(device: Device, sizes: readonly number[], step: Launch, environment: Environment, positions: readonly number[]): Handle | Promise<Handle> {
  const reads = step.reads.map((buffer) => environment.get(buffer)!);
  return device.kernel(step.code, step.reads.map((buffer) => sizes[buffer]!), sizes[step.writes]!).run(reads, step.positions.map((depth) => positions[depth]!));
}

async function loop(device: Device, sizes: readonly number[], { length, reverse, body, carried, stacked }: Loop, environment: Environment, positions: readonly number[]): Promise<void> {
  const stacks = stacked.map(({ from, start, elements }) => createStack(device, { part: sizes[from]!, start, elements, reverse }));
  const ends = new Set([...carried.map(({ next }) => next), ...stacked.map(({ from }) => from)]);
  for (let i = 0; i < length; i++) {
    await execute(device, sizes, body, environment, [...positions, reverse ? length - 1 - i : i]);
    for (const [at, { from }] of stacked.entries()) await stacks[at]!.add(device.take(environment.get(from)!));
    carry(device, environment, carried);
    for (const buffer of ends) drop(device, environment, buffer);
  }
  for (const [at, { to }] of stacked.entries()) environment.set(to, await stacks[at]!.finish());
}

/** Slots take what others hold, all at once. */
export function carry(device: Device, environment: Environment, carried: Loop["carried"]): void {
  const next = carried.map(({ next }) => device.take(environment.get(next)!));
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
