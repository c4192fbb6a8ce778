import { debug, fitWithin } from "@sluice/compiler";
import {
  print,
  TensorError,
  zerosLike,
  type CompileOptions,
  type Executable,
  type Program,
  type StateBinding,
  type Type,
} from "@sluice/tensor";
import { bindState, checkInputs, checkRun, nth, showShape, sizeOf, type StateLayout } from "@sluice/tensor/internal";
import type { Device } from "../device/device.ts";
import { checkElements } from "../device/kernels.ts";
import { modes } from "../device/modes.ts";
import { schedule } from "../schedule/lower.ts";
import type { Schedule, Step } from "../schedule/schedule.ts";
import { shapeForThreads } from "../schedule/shape.ts";
import { launches } from "./launches.ts";
import { chooseStrategy } from "./run-strategy.ts";
import { pipelined } from "./pipeline.ts";
import { prepare } from "./prepare.ts";
import { queue } from "./queue.ts";
import { type Transfers, transfers } from "./transfer.ts";

export interface ExecutableOptions {
  /** Whether a run may be one pipeline. */
  readonly pipelines: boolean;
  /** Whether the backend was closed. */
  closed(): boolean;
}

/** Compiles a program for a device, with its state on it. */
export async function gpuExecutable(
  program: Program,
  { state = [], memory }: CompileOptions,
  device: Device,
  { pipelines, closed }: ExecutableOptions,
): Promise<Executable> {
  const start = performance.now();
  const layout = bindState(program, state);
  const { optimized, plan, bytes } = planFor(program, state, memory, device);
  debug("sluice:program", () => print(optimized));
  for (const elements of plan.buffers) device.checkBuffer(elements);
  const kernels = device.kernels();
  const steps = prepare(kernels, plan.buffers, plan.steps);
  const strategy = chooseStrategy(device.mode, plan, pipelines);
  debug("sluice:kernels", () => `${strategy.reason}\n${show(plan.steps)}`);
  const running = (strategy.pipeline ? pipelined : launches)(device, kernels, plan, steps);

  const transfer = transfers(plan, running);
  const stateTypes = state.map(({ input }) => nth(program.inputs, input));
  await transfer.writeConstants();
  await transfer.writeState(stateTypes.map(zerosLike));
  const release = async (): Promise<void> => {
    await running.dispose();
    kernels.release();
  };
  return executableOf(layout, stateTypes, transfer, {
    closed,
    release,
    statistics: { compileMilliseconds: performance.now() - start, bytes, kernels: countKernels(plan.steps) },
  });
}

interface Planned {
  /** The program as it is scheduled. */
  readonly optimized: Program;
  readonly plan: Schedule;
  /** Of all buffers. */
  readonly bytes: number;
}

/** The schedule of a program whose buffers fit into `memory` bytes, if that is given. */
function planFor(
  program: Program,
  state: readonly StateBinding[],
  memory: number | undefined,
  { mode }: Device,
): Planned {
  return fitWithin(program, memory === undefined ? {} : { memory }, (finished): Planned => {
    const optimized = shapeForThreads(finished);
    checkValues(optimized);
    const plan = schedule(optimized, state, modes[mode].rules);
    return { optimized, plan, bytes: 4 * plan.buffers.reduce((sum, n) => sum + n, 0) };
  }).plan;
}

interface Owned {
  closed(): boolean;
  /** Gives back what the executable holds on the device. */
  release(): Promise<void>;
  readonly statistics: Executable["statistics"];
}

/** Runs one after another, in the order in which they were asked for. */
function executableOf(
  layout: StateLayout,
  stateTypes: readonly Type[],
  transfer: Transfers,
  { closed, release, statistics }: Owned,
): Executable {
  let live = true;
  const enqueue = queue();
  const whileLive = <T>(work: () => Promise<T>): Promise<T> =>
    enqueue(() => {
      if (!live) throw new Error("gpu: the executable was disposed of");
      if (closed()) throw new Error("gpu: the backend was closed");
      return work();
    });
  return {
    run: (inputs) =>
      whileLive(async () => {
        checkRun(layout, inputs);
        return transfer.run(inputs);
      }),
    readState: () => whileLive(() => transfer.readState()),
    writeState: (values) =>
      whileLive(async () => {
        checkInputs("writeState", stateTypes, values);
        await transfer.writeState(values);
      }),
    dispose: () =>
      enqueue(async () => {
        if (!live) return;
        live = false;
        if (!closed()) await release();
      }),
    statistics,
  };
}

/**
 * Throws if a value of the program is f64 or has too many elements. Even a value that is never stored needs exact
 * indices.
 */
function checkValues({ inputs, nodes, outputs }: Program): void {
  for (const { operation } of nodes) if ("body" in operation) checkValues(operation.body);
  for (const x of [...inputs, ...nodes.flatMap((node) => node.outputs), ...outputs]) {
    checkElements(sizeOf(x.shape));
    if (x.dtype === "f64")
      throw new TensorError(
        `gpu: the program has a value of dtype f64, ${showShape(x.shape)}; f64 runs on the reference backend only. Use f32 here`,
      );
  }
}

function countKernels(steps: readonly Step[]): number {
  return steps.reduce((count, step) => count + (step.kind === "launch" ? 1 : countKernels(step.body)), 0);
}

function show(steps: readonly Step[], indent = ""): string {
  return steps
    .map((step) => {
      if (step.kind === "launch")
        return `${indent}${step.writes} = (${step.reads.join(", ")}) ${step.code.replaceAll("\n", `\n${indent}`)}`;
      return `${indent}loop of ${step.length}${step.reverse ? ", reversed" : ""}\n${show(step.body, `${indent}  `)}`;
    })
    .join("\n");
}
