import { debug, type Passes, planWithin } from "@sluice/compiler";
import { type Bytes, type CompileOptions, type Executable, print, type Program } from "@sluice/tensor";
import { bindState, checkInputs, checkRun, type StateLayout } from "@sluice/tensor/internal";
import type { MultiplyAddMode } from "../assembler/index.ts";
import { PANEL_COLUMNS, type TileSize } from "../gemm/index.ts";
import type { Host, Session } from "../hosts/index.ts";
import { BARRIER } from "./layout.ts";
import { ADDRESSABLE_BYTES, PAGE_BYTES, programModule } from "./program-module.ts";
import { type Slots, slotsOf } from "./slots.ts";
import { tensorsOf, written } from "./transfer.ts";

export interface ExecutableContext {
  readonly tile: TileSize;
  readonly multiplyAdd: MultiplyAddMode;
  readonly worthDividing?: number;
  readonly cacheBytes?: number;
  readonly host: Host;
  readonly passes: Passes;
}

/** Compiles a program, with a memory of its own. */
export async function wasmExecutable(
  program: Program,
  { state = [], ...limits }: CompileOptions,
  context: ExecutableContext,
): Promise<Executable> {
  const { host, passes } = context;
  const start = performance.now();
  const layout = bindState(program, state);
  const options = { panelColumns: PANEL_COLUMNS, state, passes, addressable: ADDRESSABLE_BYTES, ...limits };
  const { program: optimized, plan } = planWithin(program, options);
  debug("sluice:program", () => print(optimized));
  const generated = programModule(plan, { ...context, threads: host.threads });
  debug("sluice:kernels", () => generated.print());

  const slots = slotsOf(program, plan, layout, state);
  const session = await host.open({
    module: await compiled(generated.code),
    pages: Math.ceil(generated.layout.bytes / PAGE_BYTES),
    barrier: BARRIER,
    places: slots.places,
  });
  await session.exchange({ write: slots.constants, run: false, read: [] });
  return executableOf(session, layout, slots, {
    compileMilliseconds: performance.now() - start,
    bytes: generated.layout.bytes,
    kernels: generated.kernels,
  });
}

function executableOf(
  session: Session,
  layout: StateLayout,
  { inputs, outputs, state }: Slots,
  statistics: Executable["statistics"],
): Executable {
  const [outputPlaces, statePlaces] = [outputs.map(({ place }) => place), state.map(({ place }) => place)];
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
        await session.exchange({ write: written(inputs, given), run: true, read: outputPlaces }),
      );
    },
    async readState() {
      checkLive();
      return tensorsOf(state, await session.exchange({ write: [], run: false, read: statePlaces }));
    },
    async writeState(given) {
      checkLive();
      checkInputs(
        "writeState",
        state.map(({ type }) => type),
        given,
      );
      await session.exchange({ write: written(state, given), run: false, read: [] });
    },
    async dispose() {
      if (!live) return;
      live = false;
      await session.release();
    },
    statistics,
  };
}

async function compiled(code: Bytes): Promise<WebAssembly.Module> {
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
