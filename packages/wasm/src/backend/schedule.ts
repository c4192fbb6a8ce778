import { writesOf, type LoopStep, type Step } from "@sluice/compiler";
import { type Kernel, kernelOf, type KernelModule } from "../kernels/index.ts";
import { rowBlock } from "./row-blocks.ts";

/**
 * How threads share a step. `split`: each does a part of its range. `alone`: one thread does it. A loop is divided by
 * batch rows as a whole, with no waits inside (`split`), step by step (`inside`), or not at all (`alone`).
 */
export type Task = KernelTask | LoopTask;

export interface KernelTask {
  readonly kind: "kernel";
  readonly kernel: Kernel;
  readonly step: Step;
  readonly sharing: "split" | "alone";
}

export interface LoopTask {
  readonly kind: "loop";
  readonly loop: LoopStep;
  readonly body: readonly Task[];
  readonly sharing: "split" | "inside" | "alone";
  readonly work: number;
  /** How many rows go through all steps before the next ones, where that is not all of them: see {@link rowBlock}. */
  readonly block?: number;
}

export interface Dividing {
  readonly threads: number;
  readonly worthDividing: number;
  /** See {@link rowBlock}. */
  readonly cacheBytes: number;
}

/** Emits the kernels of a block of steps. `loop` is the loop around them, if any. */
export function tasksOf(target: KernelModule, steps: readonly Step[], dividing: Dividing, loop?: LoopStep): Task[] {
  return steps.flatMap((step): Task[] => {
    if (step.kind === "loop") {
      const body = tasksOf(target, step.body, dividing, step);
      return body.length === 0 || step.length === 0 ? [] : [loopTask(step, body, dividing)];
    }
    const kernel = kernelOf(target, step, { anyRows: loop?.active !== undefined, byRows: (loop?.rows ?? 0) > 1 });
    if (kernel === undefined) return [];
    const divided = dividing.threads > 1 && kernel.count > kernel.grain && kernel.work >= dividing.worthDividing;
    return [{ kind: "kernel", kernel, step, sharing: divided ? "split" : "alone" }];
  });
}

function loopTask(loop: LoopStep, body: readonly Task[], { threads, worthDividing, cacheBytes }: Dividing): LoopTask {
  const each = body.reduce((sum, task) => sum + workOf(task), 0);
  const work = each * loop.length;
  const byRows = dividesByRows(loop, body);
  const kernels = body.filter((task) => task.kind === "kernel");
  const block = byRows && loop.active === undefined ? rowBlock(loop.rows ?? 0, kernels, cacheBytes) : undefined;
  const task = { kind: "loop", loop, body, work, ...(block === undefined ? {} : { block }) } as const;
  if (loop.active !== undefined && (loop.rows ?? 0) > 1 && !byRows)
    throw new Error("wasm: a loop over active rows has a step that does not work row by row");
  if (threads === 1 || work < worthDividing) return { ...task, sharing: "alone" };
  if (byRows) return { ...task, sharing: "split" };
  return { ...task, sharing: body.some(({ sharing }) => sharing !== "alone") ? "inside" : "alone" };
}

function workOf(task: Task): number {
  return task.kind === "kernel" ? task.kernel.work : task.work;
}

/** Whether rows `first .. end` of every step depend on no other rows. */
function dividesByRows({ rows, body }: LoopStep, tasks: readonly Task[]): boolean {
  if (rows === undefined || rows < 2) return false;
  const written = new Set(
    body.flatMap((step) => (step.kind === "loop" ? [] : writesOf(step).map(({ buffer }) => buffer))),
  );
  const byRow = body.every((step) => {
    switch (step.kind) {
      case "elementwise":
        return step.shape[0] === rows;
      case "matmul":
        return (
          step.c.shape[0] === rows &&
          (step.c.shape.length > 2 ||
            (!written.has(step.b.buffer) && !(step.packed && written.has(step.packed.buffer))))
        );
      case "reduce":
        return step.axis > 0 && step.y.shape[0] === rows;
      case "cumulativeSum":
        return step.axis > 0 && step.y.shape[0] === rows;
      case "gather":
        return step.y.shape[0] === rows && !written.has(step.x.buffer);
      case "randomBits":
        return step.y.shape[0] === rows;
      case "pack":
      case "activeRows":
      case "scatterAdd":
      case "loop":
        return false;
    }
  });
  return byRow && tasks.every((task) => task.kind === "kernel" && task.kernel.count === rows);
}
