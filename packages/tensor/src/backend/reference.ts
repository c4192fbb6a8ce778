import { isArray } from "../apply.ts";
import { TensorError } from "../errors.ts";
import { evaluate } from "../program/evaluate.ts";
import type { Program } from "../program/program.ts";
import { nth, picked, zip } from "../lists.ts";
import { checkOptions } from "../options.ts";
import { zerosLike, type ArrayTensor } from "../tensor.ts";
import type { Backend, CompileOptions, Executable } from "./backend.ts";
import { bindState, checkInputs, checkRun } from "./binding.ts";

/**
 * Runs programs by the primitives' definitions in plain JavaScript, in f32 and f64. It is slow, and the other backends
 * are compared with it.
 */
export function reference(): Backend {
  let closed = false;
  return {
    name: "reference",
    async compile(program, options) {
      if (closed) throw new TensorError("reference: the backend was closed");
      return referenceExecutable(program, options, () => closed);
    },
    async close() {
      closed = true;
    },
  };
}

function referenceExecutable(program: Program, options: CompileOptions = {}, closed: () => boolean): Executable {
  checkOptions("compile", options, ["state", "memory"]);
  if (options.memory !== undefined)
    throw new TensorError(
      "compile: the reference backend does not support a memory budget; compile for wasm() from @sluice/wasm or gpu() from @sluice/gpu",
    );
  const bindings = options.state ?? [];
  const layout = bindState(program, bindings);
  const stateTypes = picked(
    program.inputs,
    bindings.map(({ input }) => input),
  );
  let state: ArrayTensor[] | undefined = stateTypes.map(zerosLike);
  const live = (): ArrayTensor[] => {
    if (closed()) throw new TensorError("reference: the backend was closed");
    if (state === undefined) throw new TensorError("reference: the executable was disposed of");
    return state;
  };
  return {
    async run(inputs) {
      const current = live();
      checkRun(layout, inputs);
      const args = program.inputs.map((_, i) => {
        const bound = bindings.findIndex(({ input }) => input === i);
        return bound >= 0 ? nth(current, bound) : nth(inputs, layout.positions.indexOf(i));
      });
      const outputs = evaluate(program, args).filter(isArray);
      // Copies, because an output may be an array that the caller passed in and owns again.
      state = zip(current, bindings).map(([value, { output }]) =>
        output === undefined ? value : copy(nth(outputs, output)),
      );
      return picked(outputs, layout.outputs).map(copy);
    },
    readState: async () => live().map(copy),
    async writeState(values) {
      live();
      checkInputs("writeState", stateTypes, values);
      state = values.map(copy);
    },
    async dispose() {
      state = undefined;
    },
    statistics: {
      compileMilliseconds: 0,
      bytes: state.reduce((sum, { data }) => sum + data.byteLength, 0),
      kernels: 0,
    },
  };
}

function copy({ shape, dtype, data }: ArrayTensor): ArrayTensor {
  return { kind: "array", shape, dtype, data: data.slice() };
}
