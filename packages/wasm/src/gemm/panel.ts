import {
  type Body,
  type Expression,
  f32x4,
  i32,
  type Local,
  type ModuleBuilder,
  v128,
  type WasmFunction,
} from "../assembler/index.ts";
import { loadColumns } from "./columns.ts";

/*
 * The right operand B[K, N] of a product is packed into panels of 8 columns. Panel p holds B[0, 8p .. 8p+8), B[1, 8p ..
 * 8p+8), ... one after another. The last panel is filled with zeros. The inner loop of the product then reads one panel
 * from front to back.
 */

export const PANEL_COLUMNS = 8;
/** Bytes of one row of a panel. */
export const PANEL_ROW = 4 * PANEL_COLUMNS;

export function panelCount(n: number): number {
  return Math.ceil(n / PANEL_COLUMNS);
}

/** Bytes of a packed B[k, n]. */
export function packedBytes({ n, k }: { n: number; k: number }): number {
  return panelCount(n) * k * PANEL_ROW;
}

interface PackShape {
  n: number;
  k: number;
  /** Floats from one row of the source to the next. Default n for B, k for its transpose. */
  stride?: number;
  /** Whether the source holds the transpose of B, [n, k]. Default false. */
  transposed?: boolean;
}

/**
 * Emits `(source, packed, first, end)`, which packs the panels from `first` up to `end` of the matrix at `source` into
 * the packed matrix at `packed`. Threads divide the panels; pass 0 and `panelCount(n)` for all.
 */
export function emitPack(
  module: ModuleBuilder,
  name: string,
  { n, k, transposed = false, stride = transposed ? k : n }: PackShape,
): WasmFunction<"none"> {
  const [rowStep, columnStep] = transposed ? [4, 4 * stride] : [4 * stride, 4];
  const fullPanels = Math.floor(n / PANEL_COLUMNS);
  const tail = n % PANEL_COLUMNS;
  const params = { source: "i32", packed: "i32", first: "i32", end: "i32" } as const;
  return module.function(name, { params, export: true }, (body, { source, packed, first, end }) => {
    const panel = body.let(first, "panel");
    const from = body.local("i32", "from");
    const to = body.local("i32", "to");
    const panelEnd = body.local("i32", "panelEnd");

    function packPanel(columns: number): void {
      body.set(from, i32.add(source, i32.mul(panel, PANEL_COLUMNS * columnStep)));
      body.set(to, i32.add(packed, i32.mul(panel, k * PANEL_ROW)));
      body.set(panelEnd, i32.add(to, k * PANEL_ROW));
      body.repeatWhile(i32.ltU(to, panelEnd), () => {
        packRow(body, from, to, columns, columnStep);
        body.set(from, i32.add(from, rowStep));
        body.set(to, i32.add(to, PANEL_ROW));
      });
      body.set(panel, i32.add(panel, 1));
    }

    if (fullPanels > 0) {
      body.while(i32.and(i32.ltU(panel, end), i32.ltU(panel, fullPanels)), () => packPanel(PANEL_COLUMNS));
    }
    if (tail > 0) body.if(i32.ltU(panel, end), () => packPanel(tail));
  });
}

/** Copies `columns` values, `columnStep` bytes apart, into one row of as many panels as they need. */
function packRow(body: Body, from: Local<"i32">, to: Local<"i32">, columns: number, columnStep: number): void {
  for (let at = 0; at < panelCount(columns) * PANEL_COLUMNS; at += 4) {
    body.do(v128.store(to, gather(from, at * columnStep, Math.min(4, columns - at), columnStep), 4 * at));
  }
}

function gather(address: Expression<"i32">, offset: number, count: number, step: number): Expression<"v128"> {
  if (count <= 0) return f32x4.const(0);
  if (step === 4) return loadColumns(address, offset, count);
  let vector = v128.load32Zero(address, offset);
  for (let lane = 1; lane < count; lane++) vector = v128.load32Lane(address, vector, lane, offset + lane * step);
  return vector;
}
