import type { Bytes } from "@sluice/tensor";
import type { Plan } from "@sluice/compiler";
import { i32, type ModuleBuilder, type MultiplyAddMode, wasmModule } from "../assembler/index.ts";
import type { TileSize } from "../gemm/index.ts";
import { kernelModule } from "../kernels/index.ts";
import { emitBarrier } from "../threads/index.ts";
import { type Driver, emitLoops, writeBlock } from "./driver.ts";
import { type Layout, layoutOf } from "./layout.ts";
import { CACHE_BYTES } from "./row-blocks.ts";
import { type Task, tasksOf } from "./schedule.ts";

export const PAGE_BYTES = 65536;
export const MAXIMUM_PAGES = 65536;
/**
 * The most bytes of a memory that a plan may use. The rest is for the threads' own needs. Engines have a limit of their
 * own below 4 GiB.
 */
export const ADDRESSABLE_BYTES = (MAXIMUM_PAGES - 1024) * PAGE_BYTES;

export interface ProgramModule {
  readonly code: Bytes;
  readonly layout: Layout;
  readonly kernels: number;
  print(): string;
}

export interface ModuleOptions {
  readonly threads: number;
  readonly tile: TileSize;
  /** Default "separate". */
  readonly multiplyAdd?: MultiplyAddMode;
  /**
   * A step with fewer elementary operations is not divided, because threads would wait longer for each other than they
   * save.
   */
  readonly worthDividing?: number;
  /** Where the steps of a loop touch more than this, its rows go through all of them in blocks. */
  readonly cacheBytes?: number;
}

/** Generates the WebAssembly module of a plan. Every thread calls its `run(worker, workers)`. */
export function programModule(
  plan: Plan,
  { threads, tile, multiplyAdd = "separate", worthDividing = 32768, cacheBytes = CACHE_BYTES }: ModuleOptions,
): ProgramModule {
  const pages = Math.ceil(layoutOf(plan, threads, 0).bytes / PAGE_BYTES);
  const memory = threads > 1 ? { initial: pages, maximum: MAXIMUM_PAGES, shared: true } : { initial: pages };
  const module = wasmModule({ memory, multiplyAdd });
  let kernels = 0;
  const counting: ModuleBuilder = {
    ...module,
    function(name, options, write) {
      kernels++;
      return module.function(name, options, write);
    },
  };
  const target = kernelModule(counting, tile);
  const barrier = threads > 1 ? emitBarrier(module) : undefined;
  const tasks = tasksOf(target, plan.steps, { threads, worthDividing, cacheBytes });
  const layout = layoutOf(plan, threads, scratchOf(tasks));
  const driver: Driver = { plan, threads, module, barrier, steps: new Map() };
  emitLoops(driver, tasks, []);
  module.function("run", { params: { worker: "i32", workers: "i32" }, export: true }, (body, { worker }) => {
    const scratch = body.let(i32.add(i32.mul(worker, layout.scratchBytes), layout.scratch), "scratch");
    writeBlock(driver, tasks, { body, worker, scratch, positions: [], mode: threads > 1 ? "team" : "single" });
  });
  return { code: module.encode(), layout, kernels, print: () => module.print() };
}

function scratchOf(tasks: readonly Task[]): number {
  return Math.max(
    0,
    ...tasks.map((task) => (task.kind === "kernel" ? task.kernel.scratchBytes : scratchOf(task.body))),
  );
}
