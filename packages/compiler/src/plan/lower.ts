/** From a program to steps on buffers. `memory.ts` assigns addresses afterwards. */
import { type Program, type Values } from "@sluice/tensor";
import { nth, picked, splitScan, zip, type Node, type ScanOperation, type SymbolTensor } from "@sluice/tensor/internal";
import type { Region } from "../ragged/layout.ts";
import { workBefore } from "../ragged/lengths.ts";
import { paddingOf } from "./padding.ts";
import { notRagged, raggedWork } from "../ragged/ragged.ts";
import { type ActiveTable, zerosBeyond } from "./active-rows.ts";
import { lowerAnchor } from "./anchor.ts";
import { assignCopies, type PassSink, writePasses } from "./elementwise.ts";
import { commitInPlace, type Commit } from "./in-place.ts";
import { placeValues, type Placement, type Sink } from "./placement.ts";
import type { LoopStep, Plan, Step, View } from "./plan.ts";
import { isAnchor, roleOf } from "../facts/roles.ts";
import { rowsOf } from "../facts/loop-rows.ts";
import { reductionOf, reductionsInPasses } from "./reductions.ts";
import { schedule, slotIn } from "./schedule.ts";
import { newBuffer, settle, tableOf, type Context, type Scope, type VirtualBuffer } from "./scope.ts";
import { nodeOutput, sameTensor, TensorMap } from "../program/tensor-map.ts";
import { storage, viewOf } from "./values.ts";
import { slot } from "./view.ts";

/** Parts of planning that can be switched off. They change no bit. */
export const planPasses = ["fuse", "memory", "ragged"] as const;

/** Options of {@link planProgram}. */
export interface LowerOptions {
  /** Columns of a panel of a packed matrix. Without this, matrices are not packed. */
  readonly panelColumns?: number;
  /** Inputs that take an output's value after each run. */
  readonly state?: readonly { readonly input: number; readonly output?: number }[];
  /**
   * `fuse`: elementwise values of one shape share passes. `memory`: buffers that are never in use together share
   * memory. `ragged`: work beyond the lengths is skipped. Default: all true.
   */
  readonly passes?: { readonly [name in (typeof planPasses)[number]]?: boolean };
}

export interface Lowered {
  readonly buffers: readonly VirtualBuffer[];
  readonly inputs: readonly View[];
  readonly outputs: readonly View[];
  readonly constants: readonly { readonly buffer: number; readonly values: Values }[];
  readonly steps: readonly Step[];
  readonly padding: Plan["padding"];
}

export function lower(program: Program, options: LowerOptions = {}): Lowered {
  const ragged = options.passes?.ragged === false ? notRagged : raggedWork(program);
  const context: Context = {
    buffers: [],
    constants: new Map(),
    constantViews: new Map(),
    panelColumns: options.panelColumns,
    ragged,
    tables: [],
    fuse: options.passes?.fuse ?? true,
  };
  const scope: Scope = { depth: 0, steps: [], views: new TensorMap(), packed: new Map(), copied: new Map() };
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
    output === undefined
      ? []
      : [{ from: nth(sinks, output).view, to: nth(inputs, input), dtype: nth(program.inputs, input).dtype }],
  );
  return {
    buffers: context.buffers,
    inputs,
    outputs: sinks.map(({ view }) => view),
    constants: [...context.constants].map(([buffer, values]) => ({ buffer, values })),
    steps: commitInPlace(scope.steps, commits),
    padding: paddingOf(program, ragged),
  };
}

function activeTable(context: Context, scope: Scope, region: Region): ActiveTable {
  const { lengths, time, batch } = region;
  const before = workBefore(region) ?? [];
  if (before.length > 0)
    lowerBlock(context, scope, before, [{ tensor: lengths, view: newBuffer(context, lengths, 0) }]);
  const table = (elements: number): View => newBuffer(context, { shape: [elements], dtype: "i32" }, 0);
  const [counts, work, ends, rowsBefore, positions] = [
    table(time + 1),
    table(batch + 1),
    table(batch + 1),
    table(time + 1),
    table(1 + time * batch),
  ] as const;
  const byRow = context.ragged.byRow(region) ? { byRow: table(1 + time * batch) } : {};
  return {
    kind: "activeRows",
    region,
    lengths: viewOf(context, scope, lengths),
    counts,
    work,
    ends,
    rowsBefore,
    positions,
    ...byRow,
  };
}

function lowerBlock(context: Context, scope: Scope, nodes: readonly Node[], sinks: readonly Sink[]): void {
  const placement = placeValues(nodes, sinks, (x) => newBuffer(context, x, scope.depth));
  const plan = schedule(
    nodes,
    sinks.map((sink) => sink.tensor),
    placement,
    {
      fuse: context.fuse,
      joined: context.fuse ? reductionsInPasses(nodes, (node) => isWhole(context, node)) : new Set(),
    },
  );
  const own = new Set(nodes);
  for (const node of nodes) {
    if (roleOf(node) === "assembly") storage(context, scope, nodeOutput(node), placement);
  }
  const copies = assignCopies(context, plan, placement);
  const bySlot: Node[][] = [];
  for (const node of nodes) (bySlot[slotIn(plan.slotOf, node)] ??= []).push(node);
  for (let index = 0; index < Math.max(plan.slots, copies.length); index++) {
    const members = bySlot[index] ?? [];
    for (const node of members) {
      if (node.operation.op === "scan") lowerScan(context, scope, node, node.operation, placement);
      else if (isAnchor(node) && !plan.joined.has(node)) lowerAnchor(context, scope, node, placement);
    }
    const writes = members.flatMap((node): PassSink[] => {
      const tensor = nodeOutput(node);
      if (plan.joined.has(node))
        return [
          {
            tensor: nth(node.inputs, 0),
            view: storage(context, scope, tensor, placement),
            reduction: reductionOf(node),
          },
        ];
      if (!plan.stored.has(node)) return [];
      return [{ tensor, view: storage(context, scope, tensor, placement), rows: context.ragged.active(node) }];
    });
    const load = (x: SymbolTensor): View | undefined => {
      const source = own.has(x.node) ? plan.sourceOf(x) : undefined;
      const registers =
        source &&
        roleOf(source) === "elementwise" &&
        (plan.inlined.has(source) || (source === x.node && plan.slotOf.get(source) === index));
      return registers === true ? undefined : viewOf(context, scope, x);
    };
    writePasses(context, scope, [...writes, ...(copies[index] ?? [])], load);
  }
}

/** Whether a node is done for all rows, and reads all positions. */
const isWhole = ({ ragged }: Context, node: Node): boolean =>
  ragged.active(node) === undefined && ragged.contracted(node) === undefined;

function lowerScan(context: Context, scope: Scope, node: Node, operation: ScanOperation, placement: Placement): void {
  const { body, length, reverse } = operation;
  const depth = scope.depth + 1;
  const outer = splitScan(operation, node.inputs);
  const inner = splitScan(operation, body.inputs);

  const states = inner.states.map((x) => newBuffer(context, x, depth));
  const load = (x: SymbolTensor): View => viewOf(context, scope, x);
  writePasses(
    context,
    scope,
    zip(outer.states, states).map(([tensor, view]) => ({ tensor, view })),
    load,
  );

  const views = new TensorMap<View>();
  for (const [x, given] of zip(inner.captures, outer.captures)) views.set(x, viewOf(context, scope, given));
  for (const [x, view] of zip(inner.states, states)) views.set(x, view);
  for (const [x, all] of zip(inner.sequences, outer.sequences))
    views.set(x, slot(viewOf(context, scope, all), scope.depth));
  const stacked = body.outputs.slice(operation.states).map((tensor, i) => ({
    tensor,
    view: storage(context, scope, nodeOutput(node, operation.states + i), placement),
  }));

  const changed = zip(inner.states, states).flatMap(([x, state], i) => {
    const tensor = nth(body.outputs, i);
    return sameTensor(x, tensor) ? [] : [{ tensor, view: newBuffer(context, x, depth), state }];
  });
  const inside: Scope = { depth, steps: [], views, packed: new Map(), copied: new Map(), parent: scope };
  lowerBlock(context, inside, body.nodes, [
    ...changed.map(({ tensor, view }) => ({ tensor, view })),
    ...stacked.map(({ tensor, view }) => ({ tensor, view: slot(view, scope.depth) })),
  ]);
  const commits = changed.map(({ tensor, view, state }): Commit => ({ from: view, to: state, dtype: tensor.dtype }));
  const rows = rowsOf(operation);
  const active = scope.depth === 0 ? context.ragged.active(node) : undefined;
  const loop: LoopStep = {
    kind: "loop",
    length,
    reverse,
    body: commitInPlace(inside.steps, commits),
    ...(rows === undefined ? {} : { rows }),
  };
  if (active === undefined) scope.steps.push(loop);
  else {
    const table = tableOf(context, active.region);
    scope.steps.push({ ...loop, active: { counts: table.counts, work: table.work, part: "active" } });
    for (const { tensor, view } of picked(
      stacked,
      active.filled.map((index) => index - operation.states),
    ))
      scope.steps.push(zerosBeyond(view, tensor.dtype, active.layout, table, scope.depth));
  }
  settle(context, states, scope.depth);
  states.forEach((view, i) => scope.views.set(nodeOutput(node, i), view));
}
