import { TensorError } from "@sluice/tensor";
import { shown } from "@sluice/tensor/internal";
import { f32x4, type MultiplyAddMode, multiplyAdds, wasmModule } from "./assembler/index.ts";

/** Throws a TensorError if the option is unknown, or if this engine has no instruction for it. */
export function checkMultiplyAdd(mode: unknown): asserts mode is MultiplyAddMode {
  if (typeof mode !== "string" || !Object.hasOwn(multiplyAdds, mode))
    throw new TensorError(
      `wasm: expected multiplyAdd to be ${Object.keys(multiplyAdds).map(shown).join(" or ")}, got ${shown(mode)}`,
    );
  if (mode === "relaxed" && !hasRelaxed())
    throw new TensorError(
      'wasm: multiplyAdd: "relaxed" needs the WebAssembly instruction f32x4.relaxed_madd, which this engine does not have; use Node 22 or newer, or Chromium 114 or newer, or leave the option out',
    );
}

/** Whether this engine accepts `f32x4.relaxed_madd`. */
function hasRelaxed(): boolean {
  const module = wasmModule({ multiplyAdd: "relaxed" });
  module.function("probe", { params: { x: "v128" } }, (body, { x }) => body.do(body.multiplyAdd(x, x, f32x4.const(1))));
  return WebAssembly.validate(module.encode());
}
