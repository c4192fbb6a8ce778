import type { Plan, View } from "@sluice/compiler";
import {
  type Body,
  type Expression,
  i32,
  type Local,
  type ModuleBuilder,
  select,
  wasmModule,
  type WasmFunction,
} from "../assembler/index.ts";
import type { TileSize } from "../gemm/index.ts";
import { kernelModule } from "../kernels/index.ts";
import { emitBarrier } from "../threads/index.ts";
import { accessesOf, pending } from "./accesses.ts";
import { addressOf, BARRIER, type Layout, layoutOf } from "./layout.ts";
import { type KernelTask, type LoopTask, type Task, tasksOf } from "./schedule.ts";

export const PAGE_BYTES = 65536;
export const MAXIMUM_PAGES = 65536;
/**
 * The most bytes of a memory that a plan may use. The rest is for the threads' own needs. Engines have a limit of their
 * own below 4 GiB.
 */
export const ADDRESSABLE_BYTES = (MAXIMUM_PAGES - 1024) * PAGE_BYTES;

export interface ProgramModule {
  readonly code: Uint8Array<ArrayBuffer>;
  readonly layout: Layout;
  readonly kernels: number;
  print(): string;
}

export interface ModuleOptions {
  readonly threads: number;
  readonly tile: TileSize;
  /**
   * A step with fewer elementary operations is not divided, because threads would wait longer for each other than they
   * save.
   */
  readonly worthDividing?: number;
}

/** Generates the WebAssembly module of a plan. Every thread calls its `run(worker, workers)`. */
export function programModule(plan: Plan, { threads, tile, worthDividing = 32768 }: ModuleOptions): ProgramModule {
  const pages = Math.ceil(layoutOf(plan, threads, 0).bytes / PAGE_BYTES);
  const memory = threads > 1 ? { initial: pages, maximum: MAXIMUM_PAGES, shared: true } : { initial: pages };
  const module = wasmModule({ memory });
  const target = kernelModule(counted(module), tile);
  const barrier = threads > 1 ? emitBarrier(module) : undefined;
  const tasks = tasksOf(target, plan.steps, { threads, worthDividing });
  const layout = layoutOf(plan, threads, scratchOf(tasks));
  const driver: Driver = { plan, layout, threads, module, barrier, steps: new Map() };
  emitLoops(driver, tasks, []);
  module.function("run", { params: { worker: "i32", workers: "i32" }, export: true }, (body, { worker }) => {
    const scratch = body.let(i32.add(i32.mul(worker, layout.scratchBytes), layout.scratch), "scratch");
    writeBlock(driver, tasks, { body, worker, scratch, positions: [], mode: threads > 1 ? "team" : "single" });
  });
  return { code: module.encode(), layout, kernels: countOf(target.module), print: () => module.print() };
}

interface Driver {
  readonly plan: Plan;
  readonly layout: Layout;
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
  return { split: "rows", inside: "team", alone: "single" }[task.sharing] as Mode;
}

function emitLoops(
  driver: Driver,
  tasks: readonly Task[],
  outer: readonly LoopTask[],
  mode: Mode = driver.threads > 1 ? "team" : "single",
): void {
  for (const task of tasks) {
    if (task.kind !== "loop") continue;
    const inside = modeInside(task, mode);
    emitLoops(driver, task.body, [...outer, task], inside);
    const names = [...outer, task].map((_, depth) => `t${depth}`);
    const params = {
      worker: "i32",
      scratch: "i32",
      first: "i32",
      end: "i32",
      ...Object.fromEntries(names.map((name) => [name, "i32" as const])),
    } as const;
    const step = driver.module.function(`loop${driver.steps.size}.step`, { params }, (body, all) => {
      const { worker, scratch, first, end } = all;
      const positions = names.map((name) => (all as Readonly<Record<string, Local<"i32">>>)[name]!);
      writeBlock(driver, task.body, {
        body,
        worker,
        scratch,
        positions,
        mode: inside,
        ...(byRows(task, inside) ? { rows: { first, end } } : {}),
      });
    });
    driver.steps.set(task, step);
  }
}

/** Whether a loop's steps work on a range of rows: those of a thread, or the active ones. */
function byRows({ loop }: LoopTask, inside: Mode): boolean {
  return inside === "rows" || (loop.active !== undefined && loop.rows! > 1);
}

/**
 * Writes the tasks of a block. Threads wait for each other before a step that touches what another thread may still be
 * writing, or writes what another may still be reading; and at the end of a block that is repeated.
 */
function writeBlock(driver: Driver, tasks: readonly Task[], context: EmitContext): void {
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
  const addresses = kernel.views.map((view) => addressOf(plan, view, positions));
  const range =
    rows ??
    (mode === "team" && sharing === "split"
      ? rangeOf(body, worker, threads, kernel.count, kernel.grain)
      : whole(kernel.count));
  body.do(kernel.call({ ...range, addresses, scratch }));
}

function writeLoop(driver: Driver, task: LoopTask, { body, worker, scratch, positions, mode }: EmitContext): void {
  const { length, reverse, rows = 0, active } = task.loop;
  const step = driver.steps.get(task)!;
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
  const { first, end } = range();
  const stepOn = (of: RowRange): Expression<"none"> => step.call(worker, scratch, of.first, of.end, ...positions, t);
  const steps =
    active?.part === "active" ? body.let(i32.load(addressIn(active.counts), 4 * length), "steps") : i32.const(length);
  body.set(t, reverse ? i32.sub(steps, 1) : 0);
  body.set(left, steps);
  body.while(left, () => {
    if (active === undefined) body.do(stepOn({ first, end }));
    else
      writeActiveStep(
        body,
        active.part,
        i32.load(i32.add(addressIn(active.counts), i32.shl(t, 2))),
        { first, end },
        stepOn,
      );
    body.set(t, i32.add(t, reverse ? -1 : 1));
    body.set(left, i32.sub(left, 1));
  });
}

interface RowRange {
  readonly first: Expression<"i32">;
  readonly end: Expression<"i32">;
}

/**
 * Calls a step for the rows of a range that are active, or for those that are over. Makes no call if there are none.
 */
function writeActiveStep(
  body: Body,
  part: "active" | "over",
  count: Expression<"i32">,
  range: RowRange,
  call: (rows: RowRange) => Expression<"none">,
): void {
  const bound = body.let(count, "bound");
  if (part === "active") body.set(bound, select(bound, range.end, i32.ltS(bound, range.end)));
  else body.set(bound, select(bound, range.first, i32.gtS(bound, range.first)));
  const rows = part === "active" ? { first: range.first, end: bound } : { first: bound, end: range.end };
  body.if(i32.ltS(rows.first, rows.end), () => body.do(call(rows)));
}

/**
 * The rows of a worker, in whole grains, so that all workers have about the same number of steps to do. `work` is the
 * address of the table of the number of steps of all rows before each row.
 */
function shareOf(
  body: Body,
  worker: Expression<"i32">,
  threads: number,
  count: number,
  grain: number,
  work: Expression<"i32">,
): RowRange {
  const steps = body.let(work, "work");
  const total = body.let(i32.load(steps, 4 * count), "total");
  const boundary = (of: Expression<"i32">, name: string): Local<"i32"> => {
    const row = body.let(i32.const(0), name);
    const wanted = body.let(i32.mul(of, total), "wanted");
    const before = i32.mul(i32.load(i32.add(steps, i32.shl(row, 2))), threads);
    body.while(i32.ltU(before, wanted), () => {
      body.set(row, i32.add(row, grain));
      body.set(row, select(row, i32.const(count), i32.ltS(row, count)));
    });
    return row;
  };
  return { first: boundary(worker, "first"), end: boundary(i32.add(worker, 1), "end") };
}

/** The largest grain of a loop's kernels. */
function grainOf({ body }: LoopTask): number {
  return Math.max(...body.map((task) => (task.kind === "kernel" ? task.kernel.grain : 1)));
}

function whole(count: number): RowRange {
  return { first: i32.const(0), end: i32.const(count) };
}

/** The range of a worker, in whole grains. */
function rangeOf(body: Body, worker: Expression<"i32">, threads: number, count: number, grain: number): RowRange {
  const grains = Math.ceil(count / grain);
  const start = (of: Expression<"i32">): Expression<"i32"> => i32.mul(i32.divU(i32.mul(of, grains), threads), grain);
  const first = body.let(start(worker), "first");
  const end = body.let(start(i32.add(worker, 1)), "end");
  body.set(end, select(end, i32.const(count), i32.ltU(end, count)));
  return { first, end };
}

function scratchOf(tasks: readonly Task[]): number {
  return Math.max(
    0,
    ...tasks.map((task) => (task.kind === "kernel" ? task.kernel.scratchBytes : scratchOf(task.body))),
  );
}

const counts = new WeakMap<ModuleBuilder, { functions: number }>();

/** A module that counts the functions added to it. */
function counted(module: ModuleBuilder): ModuleBuilder {
  const count = { functions: 0 };
  const counting: ModuleBuilder = {
    ...module,
    function(name, options, write) {
      count.functions++;
      return module.function(name, options, write);
    },
  };
  counts.set(counting, count);
  return counting;
}

function countOf(module: ModuleBuilder): number {
  return counts.get(module)?.functions ?? 0;
}
