/** From a program to steps on buffers. Addresses come afterwards, by `memory.ts`. */
import { sameShape, sizeOf, splitScan, TensorError, type ArrayTensor, type DType, type Node, type Program, type ScanOperation, type Shape, type SymbolTensor, type Tensor, type Values } from "@sluice/tensor";
import { type Layout, type Region, rowsInFront, sameLayout, sameRegion } from "../ragged/layout.ts";
import { notRagged, type Ragged, raggedWork } from "../ragged/ragged.ts";
import { type ActiveTable, overActiveRows, zerosBeyond } from "./active-rows.ts";
import { commitInPlace, copyStep, type Commit } from "./in-place.ts";
import { kernelBuilder } from "./kernel.ts";
import { placeValues, type Placement, type Sink } from "./placement.ts";
import type { LoopStep, Step, View } from "./plan.ts";
import { roleOf } from "./roles.ts";
import { rowsOf } from "./rows.ts";
import { schedule, sourceOf, type Schedule } from "./schedule.ts";
import { outputOf, sameTensor, TensorMap } from "./tensor-map.ts";
import { broadcastView, reshapeView, sameView, sliceView, slot, transposeView, whole } from "./view.ts";

/** Parts of planning that can be switched off: they change no bit. */
export const planPasses = ["fuse", "memory", "ragged"] as const;

export interface LowerOptions {
  /** Columns of a panel of a packed matrix; without it matrices are not packed. */
  readonly panelColumns?: number;
  /** Inputs that take an output's value after each run. */
  readonly state?: readonly { readonly input: number; readonly output?: number }[];
  /**
   * `fuse`: elementwise values of one shape share passes. `memory`: buffers that are never in use together share memory. `ragged`: work is left out where sequences of a batch are over. Default: all
   * true.
   */
  readonly passes?: { readonly [name in (typeof planPasses)[number]]?: boolean };
}

/** A buffer before it has an address. Its depth counts the loops around the step that writes it: outside of them it is always the same. */
interface VirtualBuffer {
  readonly elements: number;
  readonly dtype: DType;
  readonly depth: number;
}

export interface Lowered {
  readonly buffers: readonly VirtualBuffer[];
  readonly inputs: readonly View[];
  readonly outputs: readonly View[];
  readonly constants: readonly { readonly buffer: number; readonly values: Values }[];
  readonly steps: readonly Step[];
}

interface Context {
  readonly buffers: VirtualBuffer[];
  readonly constants: { buffer: number; values: Values }[];
  readonly constantViews: Map<ArrayTensor, View>;
  readonly panelColumns: number | undefined;
  readonly ragged: Ragged;
  readonly tables: ActiveTable[];
  readonly fuse: boolean;
}

interface Scope {
  readonly depth: number;
  readonly steps: Step[];
  readonly views: TensorMap<View>;
  readonly packed: { readonly b: View; readonly packed: View }[];
  readonly copied: { readonly from: View; readonly to: View; readonly rows?: Rows }[];
  readonly parent?: Scope;
}

/** The active rows of a value that is made for them alone. */
interface Rows {
  readonly region: Region;
  readonly layout: Layout;
}

export function lower(program: Program, options: LowerOptions = {}): Lowered {
  const ragged = options.passes?.ragged === false ? notRagged : raggedWork(program);
  const context: Context = { buffers: [], constants: [], constantViews: new Map(), panelColumns: options.panelColumns, ragged, tables: [], fuse: options.passes?.fuse ?? true };
  const scope: Scope = { depth: 0, steps: [], views: new TensorMap(), packed: [], copied: [] };
  const inputs = program.inputs.map((x) => {
    const view = newBuffer(context, x, 0);
    scope.views.set(x, view);
    return view;
  });
  for (const region of ragged.regions) {
    const table = activeTable(context, scope, region);
    context.tables.push(table);
    const { region: _, ...step } = table;
    scope.steps.push(step);
  }
  const sinks = program.outputs.map((tensor) => ({ tensor, view: newBuffer(context, tensor, 0) }));
  lowerBlock(context, scope, program.nodes, sinks);
  const commits = (options.state ?? []).flatMap(({ input, output }): Commit[] =>
    output === undefined ? [] : [{ from: sinks[output]!.view, to: inputs[input]!, dtype: program.inputs[input]!.dtype }],
  );
  return {
    buffers: context.buffers,
    inputs,
    outputs: sinks.map(({ view }) => view),
    constants: context.constants,
    steps: commitInPlace(scope.steps, commits),
  };
}

function newBuffer(context: Context, { shape, dtype }: { readonly shape: Shape; readonly dtype: DType }, depth: number): View {
  if (dtype === "f64") {
    throw new TensorError(`plan: a value is f64 [${shape.join(",")}]; f64 runs on the reference backend only, for checking gradients. Use f32 here`);
  }
  return whole(context.buffers.push({ elements: sizeOf(shape), dtype, depth }) - 1, shape);
}

function activeTable(context: Context, scope: Scope, region: Region): ActiveTable {
  const { lengths, time, batch } = region;
  const table = (elements: number): View => newBuffer(context, { shape: [elements], dtype: "i32" }, 0);
  return { kind: "activeRows", region, lengths: viewOf(context, scope, lengths), counts: table(time + 1), work: table(batch + 1), positions: table(1 + time * batch) };
}

function tableOf({ tables }: Context, region: Region): ActiveTable {
  return tables.find((table) => sameRegion(table.region, region))!;
}

function lowerBlock(context: Context, scope: Scope, nodes: readonly Node[], sinks: readonly Sink[]): void {
  const placement = placeValues(nodes, sinks, (x) => newBuffer(context, x, scope.depth));
  const plan = schedule(nodes, sinks.map((sink) => sink.tensor), placement, context.fuse);
  const own = new Set(nodes);
  for (const node of nodes) {
    if (roleOf(node) === "assembly") scope.views.set(outputOf(node), placement.of(outputOf(node))!);
  }
  const copies = assignCopies(context, nodes, plan, placement);
  for (let index = 0; index < Math.max(plan.slots, copies.length); index++) {
    const members = nodes.filter((node) => plan.slotOf.get(node) === index);
    for (const node of members) if (roleOf(node) === "anchor") lowerAnchor(context, scope, node, placement);
    const writes = members.flatMap((node): PassSink[] => {
      if (!plan.stored.has(node)) return [];
      const tensor = outputOf(node);
      return [{ tensor, view: storage(context, scope, tensor, placement), rows: context.ragged.active(node) }];
    });
    const load = (x: SymbolTensor): View | undefined => {
      const source = own.has(x.node) ? sourceOf(x) : undefined;
      const registers = source && roleOf(source) === "elementwise" && (plan.inlined.has(source) || (source === x.node && plan.slotOf.get(source) === index));
      return registers === true ? undefined : viewOf(context, scope, x);
    };
    writePasses(context, scope, [...writes, ...(copies[index] ?? [])], load);
  }
}

/** A value that a pass leaves in memory, for active rows alone where these are given. */
interface PassSink extends Sink {
  readonly rows?: Rows | undefined;
}

/** One pass for each shape and choice of rows; without `fuse`, for each value. */
function writePasses(context: Context, scope: Scope, writes: readonly PassSink[], load: (x: SymbolTensor) => View | undefined): void {
  const passes: PassSink[][] = [];
  for (const sink of writes) {
    const pass = context.fuse && passes.find(([first]) => sameShape(first!.view.shape, sink.view.shape) && sameRows(first!.rows, sink.rows));
    if (!pass) passes.push([sink]);
    else pass.push(sink);
  }
  for (const pass of passes) {
    const { view, rows } = pass[0]!;
    const kernel = kernelBuilder(view.shape, { load, constant: (x) => constantView(context, x) });
    for (const sink of pass) kernel.store(sink.tensor, sink.view);
    pushFor(context, scope, rows, kernel.finish());
  }
}

function sameRows(a: Rows | undefined, b: Rows | undefined): boolean {
  return a === undefined || b === undefined ? a === b : sameRegion(a.region, b.region) && sameLayout(a.layout, b.layout);
}

/** Does a step for all rows, or for active ones where they are given. */
function pushFor(context: Context, scope: Scope, rows: Rows | undefined, step: Parameters<typeof overActiveRows>[0]): void {
  scope.steps.push(rows === undefined ? step : overActiveRows(step, rows.layout, tableOf(context, rows.region), scope.depth));
}

/** In which slot each copy is done: where its value is ready, and if possible together with another pass of its shape. */
function assignCopies({ ragged }: Context, nodes: readonly Node[], { slotOf, stored, inlined }: Schedule, placement: Placement): PassSink[][] {
  const copies: PassSink[][] = [];
  const put = (index: number, sink: PassSink): void => void (copies[index] ??= []).push(sink);
  for (const [node, sinks] of placement.copies) for (const sink of sinks) put(slotOf.get(node)!, { ...sink, rows: ragged.active(node) });
  for (const sink of placement.unplaced) {
    const shape = sink.tensor.shape.join();
    const passes = nodes.filter((node) => stored.has(node) && node.outputs[0]!.shape.join() === shape).map((node) => slotOf.get(node)!);
    // With the last pass of its shape, if the value is ready by then: a loop's old state is so copied by the pass that reads it last.
    put(Math.max(readySlot(sink.tensor, slotOf, inlined), ...passes), sink);
  }
  return copies;
}

function readySlot(tensor: Tensor, slotOf: ReadonlyMap<Node, number>, inlined: ReadonlySet<Node>): number {
  if (tensor.kind === "array" || !slotOf.has(tensor.node)) return 0;
  const source = sourceOf(tensor);
  const slot = slotOf.get(source);
  if (slot === undefined) return 0;
  const role = roleOf(source);
  if (role === "anchor" || inlined.has(source) || (role === "elementwise" && source === tensor.node)) return slot;
  return slot + 1;
}

/** Where an elementwise value, an anchor's result or a loop's output goes. */
function storage(context: Context, scope: Scope, x: SymbolTensor, placement: Placement): View {
  const view = placement.of(x) ?? newBuffer(context, x, scope.depth);
  scope.views.set(x, view);
  return view;
}

/** The memory of a value that has been computed; views are made without moving anything, unless a reshape cannot be. */
function viewOf(context: Context, scope: Scope, x: Tensor): View {
  if (x.kind === "array") return constantView(context, x);
  const known = scope.views.get(x);
  if (known !== undefined) return known;
  const { operation, inputs } = x.node;
  if (roleOf(x.node) !== "view") throw new Error(`plan: ${operation.op} is read before it is computed`);
  const source = viewOf(context, scope, inputs[0]!);
  const view = look(operation, source) ?? contiguous(context, scope, source, inputs[0]!.dtype, x.shape, rowsOfSource(context, x));
  scope.views.set(x, view);
  return view;
}

/** Which rows a reshape has to copy, in the layout of what it reshapes. */
function rowsOfSource({ ragged }: Context, x: SymbolTensor): Rows | undefined {
  const source = x.node.inputs[0]!;
  const rows = source.kind === "array" || ragged.unread(x) === undefined ? undefined : ragged.unread(source);
  return rows !== undefined && rowsInFront(rows.layout) ? rows : undefined;
}

function look(operation: Node["operation"], source: View): View | undefined {
  switch (operation.op) {
    case "transpose":
      return transposeView(source, operation.axes);
    case "slice":
      return sliceView(source, operation.starts, operation.stops);
    case "broadcast":
      return broadcastView(source, operation.shape);
    case "reshape":
      return reshapeView(source, operation.shape);
    default:
      return source;
  }
}

/** A copy in a buffer of its own, seen under `shape`. What is the same in every step of a loop is copied outside of it. */
function contiguous(context: Context, scope: Scope, source: View, dtype: DType, shape: Shape, rows?: Rows): View {
  const home = homeOf(context, scope, source);
  const known = home.copied.find((copied) => sameView(copied.from, source) && sameRows(copied.rows, rows));
  if (known !== undefined) return whole(known.to.buffer, shape);
  const copy = newBuffer(context, { shape: source.shape, dtype }, home.depth);
  pushFor(context, home, rows, copyStep([{ from: source, to: copy, dtype }]));
  home.copied.push({ from: source, to: copy, ...(rows === undefined ? {} : { rows }) });
  return whole(copy.buffer, shape);
}

/** The outermost block in which a view always shows the same values. */
function homeOf({ buffers }: Context, scope: Scope, view: View): Scope {
  const depth = Math.max(buffers[view.buffer]!.depth, view.loops.findLastIndex((stride) => stride !== 0) + 1);
  let home = scope;
  while (home.depth > depth && home.parent !== undefined) home = home.parent;
  return home;
}

function constantView(context: Context, x: ArrayTensor): View {
  const known = context.constantViews.get(x);
  if (known !== undefined) return known;
  const view = newBuffer(context, x, 0);
  context.constants.push({ buffer: view.buffer, values: x.data });
  context.constantViews.set(x, view);
  return view;
}

function lowerAnchor(context: Context, scope: Scope, node: Node, placement: Placement): void {
  const { operation, inputs } = node;
  const read = (i: number): View => viewOf(context, scope, inputs[i]!);
  const readAs = (i: number, shape: Shape): View => {
    const view = read(i);
    return reshapeView(view, shape) ?? contiguous(context, scope, view, inputs[i]!.dtype, shape);
  };
  const write = (): View => storage(context, scope, outputOf(node), placement);
  const dtype = node.outputs[0]?.dtype ?? "f32";
  const active = context.ragged.active(node);
  const contracted = context.ragged.contracted(node);
  const positions = contracted && { positions: tableOf(context, contracted).positions };
  switch (operation.op) {
    case "matmul": {
      const [a, b] = [0, 1].map((i) => walkable(context, scope, read(i), inputs[i]!.dtype));
      const c = write();
      const transposed = a!.strides.at(-1) !== 1 && a!.shape.at(-1) !== 1;
      const packed = transposed || positions !== undefined || isCheaperUnpacked(context, scope, a!, b!) ? undefined : pack(context, scope, b!);
      pushFor(context, scope, active, { kind: "matmul", a: a!, b: b!, c, ...(packed ? { packed } : {}), ...positions });
      if (active?.filled.includes(0) === true) scope.steps.push(zerosBeyond(c, dtype, active.layout, tableOf(context, active.region), scope.depth));
      return;
    }
    case "reduceSum":
    case "reduceMax": {
      const op = operation.op === "reduceSum" ? "sum" : "max";
      pushFor(context, scope, active, { kind: "reduce", op, dtype, x: read(0), y: write(), axis: operation.axis, ...positions });
      return;
    }
    case "cumulativeSum": {
      const { axis, reverse } = operation;
      scope.steps.push({ kind: "cumulativeSum", dtype, x: read(0), y: write(), axis, reverse });
      return;
    }
    case "gather": {
      const [x, indices] = inputs;
      const [rows, ...rest] = x!.shape;
      const [count, width] = [sizeOf(indices!.shape), sizeOf(rest)];
      const y = reshapeView(write(), [count, width])!;
      pushFor(context, scope, active, { kind: "gather", x: readAs(0, [rows!, width]), indices: readAs(1, [count]), y });
      return;
    }
    case "scatterAdd": {
      const count = sizeOf(inputs[0]!.shape);
      const width = sizeOf(node.outputs[0]!.shape.slice(1));
      const y = reshapeView(write(), [operation.rows, width])!;
      scope.steps.push({ kind: "scatterAdd", dtype, indices: readAs(0, [count]), updates: readAs(1, [count, width]), y });
      return;
    }
    case "randomBits":
      scope.steps.push({ kind: "randomBits", key: read(0), stream: read(1), y: write() });
      return;
    case "scan":
      lowerScan(context, scope, node, operation, placement);
      return;
    default:
      throw new Error(`plan: ${operation.op} should have been expanded or evaluated before`);
  }
}

/** A product reads its operands along one of their last two axes. */
function walkable(context: Context, scope: Scope, view: View, dtype: DType): View {
  const [m, n] = view.strides.slice(-2);
  const [rows, columns] = view.shape.slice(-2);
  return m === 1 || n === 1 || rows === 1 || columns === 1 ? view : contiguous(context, scope, view, dtype, view.shape);
}

/** A product of few rows with a row-major matrix reads the matrix about once; packing it just for that would read and write it once more. */
function isCheaperUnpacked(context: Context, scope: Scope, a: View, b: View): boolean {
  return a.shape.at(-2)! < 4 && b.strides.at(-1) === 1 && homeOf(context, scope, b) === scope;
}

/** Panels of b, made in the outermost block in which b is the same: a weight is packed once for all steps of a loop. */
function pack(context: Context, scope: Scope, b: View): View | undefined {
  const columns = context.panelColumns;
  if (columns === undefined || b.shape.length !== 2) return undefined;
  const home = homeOf(context, scope, b);
  const known = home.packed.find((entry) => sameView(entry.b, b));
  if (known !== undefined) return known.packed;
  const [k, n] = b.shape;
  const shape = [Math.ceil(n! / columns), k!, columns];
  const packed = newBuffer(context, { shape, dtype: "f32" }, home.depth);
  home.steps.push({ kind: "pack", b, packed, columns });
  home.packed.push({ b, packed });
  return packed;
}

function lowerScan(context: Context, scope: Scope, node: Node, operation: ScanOperation, placement: Placement): void {
  const { body, length, reverse } = operation;
  const depth = scope.depth + 1;
  const outer = splitScan(operation, node.inputs);
  const inner = splitScan(operation, body.inputs);

  const states = inner.states.map((x) => newBuffer(context, x, depth));
  const load = (x: SymbolTensor): View => viewOf(context, scope, x);
  writePasses(context, scope, outer.states.map((tensor, i) => ({ tensor, view: states[i]! })), load);

  const views = new TensorMap<View>();
  inner.captures.forEach((x, i) => views.set(x, viewOf(context, scope, outer.captures[i]!)));
  inner.states.forEach((x, i) => views.set(x, states[i]!));
  inner.sequences.forEach((x, i) => views.set(x, slot(viewOf(context, scope, outer.sequences[i]!), scope.depth)));
  const stacked = body.outputs.slice(operation.states).map((_, i) => storage(context, scope, outputOf(node, operation.states + i), placement));

  const changed = inner.states.flatMap((x, i) => (sameTensor(x, body.outputs[i]!) ? [] : [i]));
  const nextStates = changed.map((i) => newBuffer(context, inner.states[i]!, depth));
  const inside: Scope = { depth, steps: [], views, packed: [], copied: [], parent: scope };
  lowerBlock(context, inside, body.nodes, [
    ...changed.map((i, at) => ({ tensor: body.outputs[i]!, view: nextStates[at]! })),
    ...stacked.map((view, i) => ({ tensor: body.outputs[operation.states + i]!, view: slot(view, scope.depth) })),
  ]);
  const commits = changed.map((i, at): Commit => ({ from: nextStates[at]!, to: states[i]!, dtype: inner.states[i]!.dtype }));
  const rows = rowsOf(operation);
  const active = scope.depth === 0 ? context.ragged.active(node) : undefined;
  const loop: LoopStep = { kind: "loop", length, reverse, body: commitInPlace(inside.steps, commits), ...(rows === undefined ? {} : { rows }) };
  if (active === undefined) scope.steps.push(loop);
  else {
    const table = tableOf(context, active.region);
    scope.steps.push({ ...loop, active: { counts: table.counts, work: table.work, part: "active" } });
    for (const index of active.filled) scope.steps.push(zerosBeyond(stacked[index - operation.states]!, node.outputs[index]!.dtype, active.layout, table, scope.depth));
  }
  states.forEach((view, i) => scope.views.set(outputOf(node, i), view));
}
