import { nth, lookUp } from "@sluice/tensor/internal";
import type { Kernel } from "../device/kernels.ts";
import type { Carried } from "../schedule/schedule.ts";
import type { Prepared, PreparedLoop } from "./prepare.ts";
import type { Stack, StackOptions } from "./stack.ts";

/** A buffer while steps run: values on the device, or a placeholder in a pipeline. */
export interface Buffer {
  readonly elements: number;
}

/** A position in a loop: a number, or a buffer of one element that holds it. */
export type Position<B extends Buffer> = number | B;

/** Executes launches: on the device at once, or by recording them into a pipeline. */
export interface Machine<B extends Buffer> {
  launch(kernel: Kernel, reads: readonly B[], positions: readonly Position<B>[]): B | Promise<B>;
  /** The position `index` of a loop. `before` is the previous position, and `step` (1 or -1) the difference. */
  position(index: number, step: number, before: Position<B> | undefined): Position<B>;
  stack(options: StackOptions): Stack<B>;
  /** Reference counting: each holder of a buffer takes it once and gives it back once. */
  take(buffer: B): B;
  give(buffer: B): void;
}

/** The contents of the schedule's buffers while it runs. */
export type Environment<B extends Buffer> = Map<number, B>;

/** What a buffer of the schedule holds. */
export function held<B extends Buffer>(environment: Environment<B>, buffer: number): B {
  return lookUp(environment, buffer, "no buffer");
}

/** Work as a generator: it yields each launch, and gets the launch's result back. */
export type Work<B extends Buffer, R = void> = Generator<B | Promise<B>, R, B>;

/** Performs steps in order. `positions` are the positions in the enclosing loops. */
export function* perform<B extends Buffer>(
  machine: Machine<B>,
  steps: readonly Prepared[],
  environment: Environment<B>,
  positions: readonly Position<B>[] = [],
): Work<B> {
  for (const step of steps) {
    if (step.kind === "launch") {
      const reads = step.reads.map((buffer) => held(environment, buffer));
      const at = step.positions.map((depth) => nth(positions, depth));
      environment.set(step.writes, yield machine.launch(step.kernel, reads, at));
    } else yield* loop(machine, step, environment, positions);
    for (const buffer of step.release) drop(machine, environment, buffer);
  }
}

function* loop<B extends Buffer>(
  machine: Machine<B>,
  step: PreparedLoop,
  environment: Environment<B>,
  positions: readonly Position<B>[],
): Work<B> {
  const { length, reverse, body, carried, stacked, ends, usesPosition } = step;
  const stacks = stacked.map(({ from, to, start, elements }) => ({
    from,
    to,
    stack: machine.stack({ start, elements, reverse }),
  }));
  let position: Position<B> | undefined;
  try {
    for (let i = 0; i < length; i++) {
      const index = reverse ? length - 1 - i : i;
      position = usesPosition ? machine.position(index, reverse ? -1 : 1, position) : index;
      yield* perform(machine, body, environment, [...positions, position]);
      for (const { from, stack } of stacks) yield* stack.add(machine.take(held(environment, from)));
      carry(machine, environment, carried);
      for (const buffer of ends) drop(machine, environment, buffer);
    }
    for (const { to, stack } of stacks) environment.set(to, yield* stack.finish());
  } finally {
    for (const { stack } of stacks) stack.dispose();
  }
}

type Owner<B extends Buffer> = Pick<Machine<B>, "take" | "give">;

/** Moves each `next` buffer into its slot. `next` is never itself a slot of the same loop. */
export function carry<B extends Buffer>(
  owner: Owner<B>,
  environment: Environment<B>,
  carried: readonly Carried[],
): void {
  for (const { slot, next } of carried) {
    drop(owner, environment, slot);
    environment.set(slot, owner.take(held(environment, next)));
  }
}

export function drop<B extends Buffer>(owner: Owner<B>, environment: Environment<B>, buffer: number): void {
  const given = environment.get(buffer);
  environment.delete(buffer);
  if (given !== undefined) owner.give(given);
}
