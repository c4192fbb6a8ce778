import { groupSource, type KernelRules } from "./group.ts";
import type { Work } from "./block.ts";
import type { Launch, Loop, Step } from "./schedule.ts";

type Unreleased = Omit<Launch, "release"> | Omit<Loop, "release">;

/**
 * Writes the kernels of a block, and determines after which step each of its buffers is no longer needed. The buffers
 * `kept` are needed after the block.
 */
export function emit(work: readonly Work[], kept: ReadonlySet<number>, rules: KernelRules): Step[] {
  const steps = work.map((each) => emitOne(each, rules));
  const lastUse = new Map<number, number>();
  const written = new Set<number>();
  steps.forEach((step, i) => {
    for (const buffer of writesOf(step)) written.add(buffer);
    for (const buffer of [...writesOf(step), ...readsOf(step)]) lastUse.set(buffer, i);
  });
  return steps.map((step, i) => ({
    ...step,
    release: [...written].filter((buffer) => lastUse.get(buffer) === i && !kept.has(buffer)),
  }));
}

function emitOne(work: Work, rules: KernelRules): Unreleased {
  if (work.kind === "group") {
    const { code, arrays, positions } = groupSource(work, rules);
    return { kind: "launch", code, reads: arrays, positions, writes: work.buffer };
  }
  const { kind, length, reverse, depth, carried, stacked } = work;
  const kept = new Set([...carried.map(({ next }) => next), ...stacked.map(({ from }) => from)]);
  return { kind, length, reverse, depth, carried, stacked, body: emit(work.body, kept, rules) };
}

function writesOf(step: Unreleased): readonly number[] {
  return step.kind === "launch" ? [step.writes] : step.stacked.map(({ to }) => to);
}

/** The buffers from outside that a step reads. */
function readsOf(step: Unreleased): readonly number[] {
  if (step.kind === "launch") return step.reads;
  const inside = new Set(step.body.flatMap(writesOf));
  return [
    ...step.carried.map(({ slot }) => slot),
    ...step.body.flatMap(readsOf).filter((buffer) => !inside.has(buffer)),
  ];
}
