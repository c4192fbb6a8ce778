import { debug, type Padding, type Passes, type Plan, planWithin, unpadded, type View } from "@sluice/compiler";
import {
  type ArrayTensor,
  type CompileOptions,
  type Executable,
  print,
  type Program,
  type Type,
  type Values,
} from "@sluice/tensor";
import { bindState, checkInputs, checkRun, type Piece, sizeOf } from "@sluice/tensor/internal";
import { PANEL_COLUMNS, type TileSize } from "../gemm/index.ts";
import type { Host, TensorRange, Written } from "../hosts/index.ts";
import { BARRIER, byteOffset } from "./layout.ts";
import { ADDRESSABLE_BYTES, PAGE_BYTES, programModule } from "./program-module.ts";

export interface ExecutableContext {
  readonly tile: TileSize;
  readonly worthDividing?: number;
  readonly host: Host;
  readonly passes: Passes;
}

/** Compiles a program, with a memory of its own. */
export async function wasmExecutable(
  program: Program,
  { state = [], ...limits }: CompileOptions,
  context: ExecutableContext,
): Promise<Executable> {
  const { host } = context;
  const start = performance.now();
  const layout = bindState(program, state);
  const { program: optimized, plan } = planWithin(program, {
    panelColumns: PANEL_COLUMNS,
    state,
    passes: context.passes,
    addressable: ADDRESSABLE_BYTES,
    ...limits,
  });
  debug("sluice:program", () => print(optimized));
  const generated = programModule(plan, { ...context, threads: host.threads });
  debug("sluice:kernels", () => generated.print());

  const places: TensorRange[] = [];
  const slotOf = (view: View, { shape, dtype }: Type): Slot => {
    places.push({ dtype, offset: byteOffset(plan, view), elements: sizeOf(shape) });
    return { place: places.length - 1, type: { shape, dtype } };
  };
  const inputs = layout.positions.map((i) => ({
    ...slotOf(plan.inputs[i]!, program.inputs[i]!),
    ...paddingOf(plan, i, layout.positions),
  }));
  const outputs = layout.outputs.map((i) => slotOf(plan.outputs[i]!, program.outputs[i]!));
  const states = state.map(({ input }) => slotOf(plan.inputs[input]!, program.inputs[input]!));
  const constants = plan.constants.map(({ buffer, values }) => ({
    values,
    place: slotOf(...constantAt(plan, buffer, values)).place,
  }));

  const module = await compiled(generated.code);
  const session = await host.open({
    module,
    pages: Math.ceil(generated.layout.bytes / PAGE_BYTES),
    barrier: BARRIER,
    places,
  });
  await session.exchange({ write: constants.map(({ values, place }) => whole(place, values)), run: false, read: [] });

  const [outputPlaces, statePlaces] = [outputs, states].map((slots) => slots.map(({ place }) => place));
  let live = true;
  const checkLive = (): void => {
    if (!live) throw new Error("wasm: the executable was disposed of");
  };
  return {
    async run(given) {
      checkLive();
      checkRun(layout, given);
      return tensorsOf(
        outputs,
        await session.exchange({ write: written(inputs, given), run: true, read: outputPlaces! }),
      );
    },
    async readState() {
      checkLive();
      return tensorsOf(states, await session.exchange({ write: [], run: false, read: statePlaces! }));
    },
    async writeState(given) {
      checkLive();
      checkInputs(
        "writeState",
        states.map(({ type }) => type),
        given,
      );
      await session.exchange({ write: written(states, given), run: false, read: [] });
    },
    async dispose() {
      if (!live) return;
      live = false;
      await session.release();
    },
    statistics: {
      compileMilliseconds: performance.now() - start,
      bytes: generated.layout.bytes,
      kernels: generated.kernels,
    },
  };
}

async function compiled(code: Uint8Array<ArrayBuffer>): Promise<WebAssembly.Module> {
  try {
    return await WebAssembly.compile(code);
  } catch (cause) {
    const message = cause instanceof Error ? cause.message : String(cause);
    if (!/Content.Security|unsafe-eval|CSP/i.test(message)) throw cause;
    throw new Error(
      `wasm: the page's Content-Security-Policy forbids WebAssembly; add 'wasm-unsafe-eval' to its script-src. The browser's message: ${message}`,
      { cause },
    );
  }
}

interface Slot {
  readonly place: number;
  readonly type: Type;
  /** `lengths` is an index into the inputs of `run`. */
  readonly padding?: Padding;
}

function constantAt(plan: Plan, buffer: number, { length }: Values): [View, Type] {
  return [
    { buffer, offset: 0, shape: [length], strides: [1], loops: [] },
    { shape: [length], dtype: plan.buffers[buffer]!.dtype },
  ];
}

function paddingOf({ padding: paddings }: Plan, input: number, given: readonly number[]): Pick<Slot, "padding"> {
  const padding = paddings[input];
  const lengths = padding === undefined ? -1 : given.indexOf(padding.lengths);
  return padding === undefined || lengths < 0 ? {} : { padding: { ...padding, lengths } };
}

function written(slots: readonly Slot[], tensors: readonly ArrayTensor[]): Written[] {
  return slots.map(({ place, type, padding }, i) => {
    const x = tensors[i]!;
    const ranges = padding && unpadded(type.shape, padding, tensors[padding.lengths]!.data);
    if (x.pieces !== undefined) {
      const needed = ranges ?? [0, sizeOf(type.shape)];
      return { place, pieces: x.pieces, zeros: filling(needed, x.pieces) ? [] : needed };
    }
    if (ranges === undefined || x.data.length < WORTH_A_RANGE * ranges.length) return whole(place, x.data);
    const pieces = ranges.flatMap((at, bound): Piece[] =>
      bound % 2 === 0 ? [{ at, values: x.data.subarray(at, ranges[bound + 1]) }] : [],
    );
    return { place, zeros: [], pieces };
  });
}

const whole = (place: number, values: Values): Written => ({ place, zeros: [], pieces: [{ at: 0, values }] });

/** Whether the pieces cover every element of the ranges. */
function filling(ranges: readonly number[], pieces: readonly Piece[]): boolean {
  let next = 0;
  for (let i = 0; i < ranges.length; i += 2) {
    let at = ranges[i]!;
    for (; next < pieces.length && pieces[next]!.at <= at; next++)
      at = Math.max(at, pieces[next]!.at + pieces[next]!.values.length);
    if (at < ranges[i + 1]!) return false;
  }
  return true;
}

/**
 * Copying only ranges is faster than copying the whole tensor if the tensor has at least this many elements per range
 * bound.
 */
const WORTH_A_RANGE = 1024;

function tensorsOf(slots: readonly Slot[], values: readonly Values[]): ArrayTensor[] {
  return slots.map(({ type }, i) => ({ kind: "array", ...type, data: values[i]! }));
}
