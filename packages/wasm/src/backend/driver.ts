import type { Plan, View } from "@sluice/compiler";
import { lookUp } from "@sluice/tensor/internal";
import { type Body, type Expression, i32, type ModuleBuilder, type WasmFunction } from "../assembler/index.ts";
import { accessesOf, pending } from "./accesses.ts";
import { addressOf, BARRIER } from "./layout.ts";
import { inBlocks, rangeOf, type RowRange, shareOf, whole, writeActiveStep } from "./row-range.ts";
import type { KernelTask, LoopTask, Task } from "./schedule.ts";

/** What the code of every task is written with. */
export interface Driver {
  readonly plan: Plan;
  readonly threads: number;
  readonly module: ModuleBuilder;
  readonly barrier: WasmFunction<"none"> | undefined;
  /** One step of each loop, as a function. It is called often, so V8's optimizing compiler soon compiles it. */
  readonly steps: Map<LoopTask, WasmFunction<"none">>;
}

/**
 * Which threads execute the code being written. `single`: one thread does all rows. `rows`: each thread does its own
 * rows. `team`: all threads divide each step.
 */
type Mode = "single" | "rows" | "team";

/** Where code is written to, with the values and the mode that it has there. */
interface EmitContext {
  readonly body: Body;
  readonly worker: Expression<"i32">;
  readonly scratch: Expression<"i32">;
  readonly positions: readonly Expression<"i32">[];
  readonly mode: Mode;
  readonly rows?: RowRange;
}

function modeInside(task: LoopTask, outside: Mode): Mode {
  if (outside !== "team") return outside;
  const modes = { split: "rows", inside: "team", alone: "single" } as const;
  return modes[task.sharing];
}

/** Parameters of the step of a loop. All but the first are the positions in the loops around it. */
interface StepParameters {
  readonly worker: "i32";
  readonly scratch: "i32";
  readonly first: "i32";
  readonly end: "i32";
  readonly [position: string]: "i32";
}

/** Emits the steps of all loops as functions, those of inner loops first. */
export function emitLoops(
  driver: Driver,
  tasks: readonly Task[],
  outer: readonly LoopTask[],
  mode: Mode = driver.threads > 1 ? "team" : "single",
): void {
  for (const task of tasks) {
    if (task.kind !== "loop") continue;
    const inside = modeInside(task, mode);
    emitLoops(driver, task.body, [...outer, task], inside);
    const params: StepParameters = {
      worker: "i32",
      scratch: "i32",
      first: "i32",
      end: "i32",
      ...Object.fromEntries([...outer, task].map((_, depth) => [`t${depth}`, "i32" as const])),
    };
    const step = driver.module.function(`loop${driver.steps.size}.step`, { params }, (body, all) => {
      const { worker, scratch, first, end, ...positions } = all;
      writeBlock(driver, task.body, {
        body,
        worker,
        scratch,
        positions: Object.values(positions),
        mode: inside,
        ...(byRows(task, inside) ? { rows: { first, end } } : {}),
      });
    });
    driver.steps.set(task, step);
  }
}

/** Whether a loop's steps work on a range of rows: those of a thread, those of a block, or the active ones. */
function byRows({ loop, block }: LoopTask, inside: Mode): boolean {
  return inside === "rows" || block !== undefined || (loop.active !== undefined && (loop.rows ?? 0) > 1);
}

/**
 * Writes the tasks of a block. Threads wait for each other before a step that touches what another thread may still be
 * writing, or writes what another may still be reading; and at the end of a block that is repeated.
 */
export function writeBlock(driver: Driver, tasks: readonly Task[], context: EmitContext): void {
  const { body, worker, mode, positions } = context;
  if (mode !== "team") {
    for (const task of tasks) writeTask(driver, task, context);
    return;
  }
  let [alone, divided] = [pending(), pending()];
  const wait = (): void => {
    if (driver.barrier !== undefined) body.do(driver.barrier.call(BARRIER, driver.threads));
    [alone, divided] = [pending(), pending()];
  };
  for (const task of tasks) {
    const accesses = accessesOf(driver.plan, task.kind === "kernel" ? task.step : task.loop);
    // Steps that one thread does alone need no wait among each other.
    if (divided.conflicts(accesses) || (task.sharing !== "alone" && alone.conflicts(accesses))) wait();
    const write = (): void => writeTask(driver, task, context);
    if (task.sharing === "alone") {
      body.if(i32.eqz(worker), write);
      alone.add(accesses);
    } else {
      write();
      // If threads divide a loop's steps, every step ends with a wait. But a loop without active rows has no step.
      if (task.kind === "loop" && task.sharing === "inside" && task.loop.active === undefined)
        [alone, divided] = [pending(), pending()];
      else divided.add(accesses);
    }
  }
  if (positions.length > 0 && !(alone.isEmpty() && divided.isEmpty())) wait();
}

function writeTask(driver: Driver, task: Task, context: EmitContext): void {
  if (task.kind === "kernel") writeKernel(driver, task, context);
  else writeLoop(driver, task, context);
}

function writeKernel(
  { plan, threads }: Driver,
  { kernel, sharing }: KernelTask,
  { body, worker, scratch, positions, mode, rows }: EmitContext,
): void {
  const range =
    rows ??
    (mode === "team" && sharing === "split"
      ? rangeOf(body, worker, threads, kernel.count, kernel.grain)
      : whole(kernel.count));
  body.do(kernel.call({ ...range, addressOf: (view) => addressOf(plan, view, positions), scratch }));
}

function writeLoop(driver: Driver, task: LoopTask, { body, worker, scratch, positions, mode }: EmitContext): void {
  const { length, reverse, rows = 0, active } = task.loop;
  const step = lookUp(driver.steps, task, "no function of a loop's step");
  const divided = modeInside(task, mode) === "rows";
  const t = body.local("i32", "t");
  const left = body.local("i32", "left");
  const addressIn = (view: View): Expression<"i32"> => addressOf(driver.plan, view, positions);
  const range = (): RowRange => {
    if (!divided) return whole(rows);
    const [{ threads }, grain] = [driver, grainOf(task)];
    return active?.part === "active"
      ? shareOf(body, worker, threads, rows, grain, addressIn(active.work))
      : rangeOf(body, worker, threads, rows, grain);
  };
  const stepOn = (of: RowRange): Expression<"none"> => step.call(worker, scratch, of.first, of.end, ...positions, t);
  inBlocks(body, range(), task.block, (part) => {
    const steps =
      active?.part === "active" ? body.let(i32.load(addressIn(active.counts), 4 * length), "steps") : i32.const(length);
    body.set(t, reverse ? i32.sub(steps, 1) : 0);
    body.set(left, steps);
    body.while(left, () => {
      if (active === undefined) body.do(stepOn(part));
      else {
        const count = i32.load(i32.add(addressIn(active.counts), i32.shl(t, 2)));
        writeActiveStep(body, active.part, count, part, stepOn);
      }
      body.set(t, i32.add(t, reverse ? -1 : 1));
      body.set(left, i32.sub(left, 1));
    });
  });
}

/** The largest grain of a loop's kernels. */
function grainOf({ body }: LoopTask): number {
  return Math.max(...body.map((task) => (task.kind === "kernel" ? task.kernel.grain : 1)));
}
