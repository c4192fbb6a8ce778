import { optimise, plan as planOf, type Plan, type View } from "@sluice/compiler";
import { allocate, type ArrayTensor, bindState, checkInputs, type CompileOptions, type DType, type Executable, print, type Program, sizeOf, type Type } from "@sluice/tensor";
import { PANEL_COLUMNS, type TileSize } from "../gemm/index.ts";
import { debug } from "./debug.ts";
import { BARRIER, byteOffset } from "./layout.ts";
import type { MemoryPool } from "./memory-pool.ts";
import { PAGE_BYTES, programModule } from "./program-module.ts";
import type { Pool } from "../threads/index.ts";

export interface ExecutableContext {
  readonly tile: TileSize;
  readonly worthDividing?: number;
  readonly memories: MemoryPool;
  readonly pool: Pool;
}

/** A program compiled and laid out in a memory of its own. */
export async function wasmExecutable(program: Program, { state = [] }: CompileOptions, context: ExecutableContext): Promise<Executable> {
  const { memories, pool } = context;
  const start = performance.now();
  const layout = bindState(program, state);
  const optimised = optimise(program);
  debug("sluice:program", () => print(optimised));
  const plan = planOf(optimised, { panelColumns: PANEL_COLUMNS, state });
  const generated = programModule(plan, { ...context, threads: pool.threads });
  debug("sluice:kernels", () => generated.print());
  const module = await WebAssembly.compile(generated.code);
  const memory = memories.take(Math.ceil(generated.layout.bytes / PAGE_BYTES));
  const session = await pool.load({ module, memory, barrier: BARRIER });
  for (const { buffer, values } of plan.constants) {
    const { dtype } = plan.buffers[buffer]!;
    viewOf(memory, dtype, byteOffset(plan, { buffer, offset: 0, shape: [], strides: [], loops: [] }), values.length).set(values);
  }
  const slots = {
    inputs: layout.positions.map((i) => slotOf(memory, plan, plan.inputs[i]!, program.inputs[i]!)),
    outputs: layout.outputs.map((i) => slotOf(memory, plan, plan.outputs[i]!, program.outputs[i]!)),
    state: state.map(({ input }) => slotOf(memory, plan, plan.inputs[input]!, program.inputs[input]!)),
  };

  let live = true;
  const enqueue = queue();
  const whileLive = <T>(work: () => Promise<T> | T): Promise<T> =>
    enqueue(() => {
      if (!live) throw new Error("wasm: the executable was disposed of");
      return work();
    });
  return {
    run: (inputs) =>
      whileLive(async () => {
        checkInputs("run", layout.inputs, inputs);
        slots.inputs.forEach(({ values }, i) => values.set(inputs[i]!.data));
        await session.run("run");
        return slots.outputs.map(read);
      }),
    readState: () => whileLive(() => slots.state.map(read)),
    writeState: (values) =>
      whileLive(() => {
        checkInputs("writeState", slots.state.map(({ type }) => type), values);
        slots.state.forEach((slot, i) => slot.values.set(values[i]!.data));
      }),
    dispose: () =>
      enqueue(() => {
        if (!live) return;
        live = false;
        session.release();
        memories.give(memory);
      }),
    statistics: { compileMilliseconds: performance.now() - start, bytes: generated.layout.bytes, kernels: generated.kernels },
  };
}

/** A tensor's place in the memory, which does not grow any more. */
interface Slot {
  readonly type: Type;
  readonly values: Float32Array | Int32Array;
}

function slotOf(memory: WebAssembly.Memory, plan: Plan, view: View, { shape, dtype }: Type): Slot {
  return { type: { shape, dtype }, values: viewOf(memory, dtype, byteOffset(plan, view), sizeOf(shape)) };
}

function viewOf(memory: WebAssembly.Memory, dtype: DType, offset: number, elements: number): Float32Array | Int32Array {
  return dtype === "f32" ? new Float32Array(memory.buffer, offset, elements) : new Int32Array(memory.buffer, offset, elements);
}

function read({ type, values }: Slot): ArrayTensor {
  const data = allocate(type.dtype, values.length);
  data.set(values);
  return { kind: "array", ...type, data };
}

/** Runs what it is given one after the other. */
function queue(): <T>(work: () => Promise<T> | T) => Promise<T> {
  let last: Promise<unknown> = Promise.resolve();
  return (work) => {
    const result = last.then(work);
    last = result.catch(() => {});
    return result;
  };
}
