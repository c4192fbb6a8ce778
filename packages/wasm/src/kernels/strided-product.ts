import type { MatmulStep, View } from "@sluice/compiler";
import { nth, PRODUCT_BLOCK, sizeOf, zip } from "@sluice/tensor/internal";
import { type Body, type Expression, f32x4, i32, type Local, v128, type WasmFunction } from "../assembler/index.ts";
import { addInOrder, addListed, type Blocked, blocksOf, placesFor, waitingAt } from "../pairwise.ts";
import { isStreamed, type Kernel, type KernelModule, lengthAt, strideAt } from "./kernel.ts";
import { loadLanes, storeLanes, transposed } from "./lanes.ts";
import { blocks, iterationOf, nest, toFirstRow } from "./nest.ts";

interface Strided {
  readonly rows: readonly number[];
  readonly k: number;
  readonly n: number;
  /** Strides of a, b and c, along all axes but the last one of c. */
  readonly strides: readonly (readonly number[])[];
  /** Strides along the contracted axis. */
  readonly contracted: readonly [number, number];
  /** Strides from one column to the next. */
  readonly columns: readonly [number, number];
  /** Whether the positions to contract are listed. */
  readonly listed: boolean;
  /** Whether b comes from memory: see {@link isStreamed}. */
  readonly streamed: boolean;
}

/** A product of any strides, with any batch axes. */
export function stridedKernel(target: KernelModule, step: MatmulStep): Kernel {
  const { a, b, c, positions } = isColumns(step) ? turned(step) : step;
  const rank = c.shape.length;
  const shape: Strided = {
    rows: c.shape.slice(0, -1),
    k: lengthAt(a, rank - 1),
    n: lengthAt(c, rank - 1),
    strides: [a.strides.slice(0, -1), [...b.strides.slice(0, -2), 0], c.strides.slice(0, -1)],
    contracted: [strideAt(a, rank - 1), strideAt(b, rank - 2)],
    columns: [strideAt(b, rank - 1), strideAt(c, rank - 1)],
    listed: positions !== undefined,
    streamed: isStreamed(b),
  };
  const run = target.shared("matmulStrided", shape, (name) => emitStrided(target, name, shape));
  return {
    count: iterationOf(shape.rows, shape.strides).rows,
    grain: 1,
    work: 2 * sizeOf(c.shape) * shape.k,
    scratchBytes: placesFor(blocksOf(shape.k, PRODUCT_BLOCK)) * 4 * COLUMNS,
    call: ({ first, end, addressOf, scratch }) =>
      run.call(first, end, ...[a, b, c].map(addressOf), positions ? addressOf(positions) : 0, scratch),
  };
}

/** Whether the results are columns, one for each batch entry. */
const isColumns = ({ c: { shape } }: MatmulStep): boolean =>
  shape.at(-1) === 1 && (shape.at(-2) ?? 0) > 1 && shape.slice(0, -2).some((n) => n > 1);

/** c' = b' a'. Vectors run along the columns of a result, so that a single column would leave them empty. */
const turned = (step: MatmulStep): MatmulStep => ({
  ...step,
  a: turnedView(step.b),
  b: turnedView(step.a),
  c: turnedView(step.c),
});

function turnedView(view: View): View {
  const swap = (of: readonly number[]): number[] => [
    ...of.slice(0, -2),
    nth(of, of.length - 1),
    nth(of, of.length - 2),
  ];
  return { ...view, shape: swap(view.shape), strides: swap(view.strides) };
}

/** Columns of c that are computed together. */
const COLUMNS = 64;

/**
 * The same of a transposed b: so many of its rows are read at the same time. Where they come from memory, few of them
 * are read faster than many.
 */
const TRANSPOSED_COLUMNS = { cached: 16, streamed: 8 };

function emitStrided({ module }: KernelModule, name: string, shape: Strided): WasmFunction<"none"> {
  const { k, n, columns } = shape;
  const iteration = iterationOf(shape.rows, shape.strides);
  const params = { first: "i32", end: "i32", a: "i32", b: "i32", c: "i32", list: "i32", scratch: "i32" } as const;
  const widths = isTransposed(shape)
    ? [TRANSPOSED_COLUMNS[shape.streamed ? "streamed" : "cached"], 4, 1]
    : [COLUMNS, 16, 4, 1];
  return module.function(name, { params }, (body, { first, end, a, b, c, list, scratch }) => {
    toFirstRow(body, iteration, first, [a, b, c]);
    nest(body, iteration.axes, { first, end }, [a, b, c], ([rowA, rowB, rowC]) => {
      const bAt = body.let(rowB, "bAt");
      const cAt = body.let(rowC, "cAt");
      blocks(body, i32.const(n), { known: n, unit: 1, widths }, (width) => {
        const lanes = Math.min(4, width);
        const sums = Array.from({ length: Math.max(1, (width / 4) | 0) }, (_, v) => body.local("v128", `sum${v}`));
        for (const sum of sums) body.set(sum, f32x4.const(0));
        if (k > 0) addProducts(body, shape, { sums, lanes, a: rowA, b: bAt, list, scratch });
        sums.forEach((sum, v) => storeLanes(body, cAt, sum, 16 * v * columns[1], columns[1], lanes));
        body.set(bAt, i32.add(bAt, 4 * width * columns[0]));
        body.set(cAt, i32.add(cAt, 4 * width * columns[1]));
      });
    });
  });
}

/** Whether b is read by rows of its transpose, so that neighbours along the contracted axis are loaded together. */
const isTransposed = ({ k, columns, contracted, listed }: Strided): boolean =>
  k >= 4 && columns[0] > 1 && contracted[1] === 1 && contracted[0] >= 0 && !listed;

interface Columns {
  readonly sums: readonly Local<"v128">[];
  readonly lanes: number;
  readonly a: Local<"i32">;
  readonly b: Local<"i32">;
  readonly list: Local<"i32">;
  readonly scratch: Local<"i32">;
}

function addProducts(body: Body, shape: Strided, { sums, lanes, a, b, list, scratch }: Columns): void {
  const { k, contracted, columns, listed } = shape;
  const x = body.let(a, "x");
  const y = body.let(b, "y");
  const waiting = k > PRODUCT_BLOCK ? waitingAt(body, scratch, 16 * sums.length) : undefined;
  const blocked: Blocked = { sums, start: f32x4.const(0), block: PRODUCT_BLOCK, waiting };
  const take = (): void => {
    const element = body.let(v128.load32Splat(x), "element");
    sums.forEach((sum, v) => {
      const row = loadLanes(y, 16 * v * columns[0], columns[0], lanes);
      body.set(sum, body.multiplyAdd(sum, element, row));
    });
  };
  if (listed) {
    addListed(body, blocked, list, (position) => {
      body.set(x, i32.add(a, i32.mul(position, 4 * contracted[0])));
      body.set(y, i32.add(b, i32.mul(position, 4 * contracted[1])));
      take();
    });
    return;
  }
  const left = body.local("i32", "left");
  const repeat = (times: number, terms: number, step: () => void): void => {
    body.set(left, times);
    body.while(left, () => {
      step();
      body.set(x, i32.add(x, 4 * terms * contracted[0]));
      body.set(y, i32.add(y, 4 * terms * contracted[1]));
      body.set(left, i32.sub(left, 1));
    });
  };
  const together = isTransposed(shape) && lanes === 4 ? 4 : 1;
  addInOrder(body, blocked, k, (terms) => {
    if (together > 1) repeat(Math.floor(terms / together), together, () => takeTransposed(body, shape, { sums, x, y }));
    if (terms % together > 0 || together === 1) repeat(together === 1 ? terms : terms % together, 1, take);
  });
}

/** The next four terms of each sum: loaded by columns of b, each four neighbours, and turned in registers. */
function takeTransposed(
  body: Body,
  { contracted, columns }: Strided,
  { sums, x, y }: { sums: readonly Local<"v128">[]; x: Expression<"i32">; y: Expression<"i32"> },
): void {
  const terms = [0, 1, 2, 3] as const;
  const elements = terms.map((i) => body.let(v128.load32Splat(x, 4 * i * contracted[0]), "element"));
  sums.forEach((sum, v) => {
    const loaded = terms.map((lane) => body.let(v128.load(y, 4 * (4 * v + lane) * columns[0]), "column"));
    for (const [element, row] of zip(elements, transposed(body, loaded)))
      body.set(sum, body.multiplyAdd(sum, element, row));
  });
}
