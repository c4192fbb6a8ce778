import type { PackStep } from "@sluice/compiler";
import { emitPack, PANEL_COLUMNS, panelCount } from "../gemm/index.ts";
import { type Kernel, type KernelModule, lengthAt, strideAt } from "./kernel.ts";

export function packKernel(target: KernelModule, { b, packed, columns }: PackStep): Kernel {
  if (columns !== PANEL_COLUMNS)
    throw new Error(`wasm: panels must have ${PANEL_COLUMNS} columns, but the plan's have ${columns}`);
  const [k, n] = [lengthAt(b, 0), lengthAt(b, 1)];
  const transposed = b.strides[1] !== 1 && n !== 1;
  const shape = { n, k, transposed, stride: strideAt(b, transposed ? 1 : 0) };
  const run = target.shared("pack", shape, (name) => emitPack(target.module, name, shape));
  return {
    count: panelCount(n),
    grain: 1,
    work: n * k,
    scratchBytes: 0,
    call: ({ first, end, addressOf }) => run.call(addressOf(b), addressOf(packed), first, end),
  };
}
