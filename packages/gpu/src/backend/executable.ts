import { debug, fitWithin } from "@sluice/compiler";
import {
  print,
  TensorError,
  zerosLike,
  type ArrayTensor,
  type CompileOptions,
  type Executable,
  type Program,
} from "@sluice/tensor";
import { bindState, checkInputs, checkRun, showShape, sizeOf } from "@sluice/tensor/internal";
import type { Device } from "../device/device.ts";
import { checkElements } from "../device/kernels.ts";
import { modes } from "../device/modes.ts";
import { schedule } from "../schedule/lower.ts";
import type { Placed, Step } from "../schedule/schedule.ts";
import { shapeForThreads } from "../schedule/shape.ts";
import { launches } from "./launches.ts";
import { chooseStrategy } from "./run-strategy.ts";
import { pipelined } from "./pipeline.ts";
import { prepare } from "./prepare.ts";
import { queue } from "./queue.ts";
import { pick, put } from "./transfer.ts";

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
  const {
    plan: { optimized, plan, bytes },
  } = fitWithin(program, memory === undefined ? {} : { memory }, (finished) => {
    const shaped = shapeForThreads(finished);
    checkValues(shaped);
    const scheduled = schedule(shaped, state, modes[device.mode].rules);
    return { optimized: shaped, plan: scheduled, bytes: 4 * scheduled.buffers.reduce((sum, n) => sum + n, 0) };
  });
  debug("sluice:program", () => print(optimized));
  const { buffers: sizes } = plan;
  for (const elements of sizes) device.checkBuffer(elements);
  const kernels = device.kernels();
  const steps = prepare(kernels, sizes, plan.steps);
  const strategy = chooseStrategy(device.mode, plan, pipelines);
  debug("sluice:kernels", () => `${strategy.reason}\n${show(plan.steps)}`);
  const running = (strategy.pipeline ? pipelined : launches)(device, kernels, plan, steps);

  const write = async (
    buffer: number,
    parts: readonly (Placed & { readonly values: ArrayTensor["data"] })[],
  ): Promise<void> => {
    if (sizes[buffer]! === 0) return;
    const floats = new Float32Array(sizes[buffer]!);
    for (const part of parts) put(floats, part, part.values);
    await running.write(buffer, floats);
  };
  const slots = new Set(plan.state.map(({ place }) => place.buffer));
  const writeState = async (values: readonly ArrayTensor[]): Promise<void> => {
    for (const slot of slots) {
      await write(
        slot,
        plan.state.flatMap((placed, i) =>
          placed.place.buffer === slot ? [{ ...placed, values: values[i]!.data }] : [],
        ),
      );
    }
  };
  const picked = async (
    placed: readonly Placed[],
    read: (buffers: ReadonlySet<number>) => Promise<ReadonlyMap<number, Float32Array>>,
  ): Promise<ArrayTensor[]> => {
    const floats = await read(
      new Set(placed.flatMap(({ type, place }) => (type.shape.includes(0) ? [] : [place.buffer]))),
    );
    return placed.map((each) => pick(floats.get(each.place.buffer) ?? new Float32Array(0), each));
  };
  const stateTypes = state.map(({ input }) => program.inputs[input]!);
  await write(plan.constants.buffer, plan.constants.parts);
  await writeState(stateTypes.map(zerosLike));

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
        await write(
          plan.inputs.buffer,
          plan.inputs.parts.map((placed, i) => ({ ...placed, values: inputs[i]!.data })),
        );
        return picked(plan.outputs, (buffers) => running.run(buffers));
      }),
    readState: () => whileLive(() => picked(plan.state, (buffers) => running.read(buffers))),
    writeState: (values) =>
      whileLive(async () => {
        checkInputs("writeState", stateTypes, values);
        await writeState(values);
      }),
    dispose: () =>
      enqueue(async () => {
        if (!live) return;
        live = false;
        if (closed()) return;
        await running.dispose();
        kernels.release();
      }),
    statistics: { compileMilliseconds: performance.now() - start, bytes, kernels: countKernels(plan.steps) },
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
