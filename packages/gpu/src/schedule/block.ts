import { type Tensor } from "@sluice/tensor";
import { sizeOf, type Node, type SymbolTensor, nth } from "@sluice/tensor/internal";
import { nodeOutput, TensorMap } from "@sluice/compiler";
import type { BufferLocation, Sources } from "../kernels/source.ts";
import { cutOf } from "./cut.ts";
import type { Group, KernelRules } from "./group.ts";
import { claim, newItem, type Item, type Role } from "./item.ts";
import { arrangeLoop, type LoopWork } from "./loop.ts";
import { pack } from "./pack.ts";
import { sourcesOf, type Memory, type Scope } from "./scope.ts";
import { decideStorage, type Storage } from "./storage.ts";

/** The work of a block, in order. Kernel sources are written after every buffer has its place. */
export type Work = Group | LoopWork;

/** A value that a block must leave in a buffer. */
export interface Result {
  readonly tensor: Tensor;
  readonly role: Role;
}

export interface Block {
  readonly work: readonly Work[];
  /** Where each result is stored; undefined if it has no elements. */
  readonly places: readonly ((() => BufferLocation) | undefined)[];
}

export interface Arrangement {
  readonly memory: Memory;
  readonly rules: KernelRules;
}

/** Decides which values of a block get memory, which launch writes them, and in what order. */
export function arrangeBlock(
  arrangement: Arrangement,
  outer: Scope,
  nodes: readonly Node[],
  results: readonly Result[],
): { readonly block: Block; readonly scope: Scope } {
  const forced = new Set<Node>();
  const { buffers } = arrangement.memory;
  const before = buffers.length;
  for (;;) {
    const scope: Scope = { depth: outer.depth, known: new TensorMap(), parent: outer };
    const draft = draftOf(arrangement, scope, nodes, results, forced);
    const places = results.map((result) => placeOf(draft, result));
    const work = inOrder(draft);
    if (!("cut" in work)) return { block: { work, places }, scope };
    // A kernel that would read too many buffers is cut: an intermediate value gets a buffer, and the block is arranged
    // again.
    forced.add(work.cut);
    buffers.length = before;
  }
}

/** A block whose values have levels, but no launches yet. */
interface Draft extends Arrangement {
  readonly scope: Scope;
  readonly sources: Sources;
  readonly storage: Storage;
  readonly nodes: ReadonlySet<Node>;
  readonly levels: ReadonlyMap<Node, number>;
  readonly loops: readonly { readonly node: Node; readonly level: number }[];
  /** Values to write, by the node that computes them. */
  readonly items: ReadonlyMap<Node, Item>;
  /** Copies of values, for results. */
  readonly copies: Item[];
  /** States of inner loops that a result uses as its storage. */
  readonly taken: TensorMap<true>;
}

function draftOf(
  { memory, rules }: Arrangement,
  scope: Scope,
  nodes: readonly Node[],
  results: readonly Result[],
  forced: ReadonlySet<Node>,
): Draft {
  const storage = decideStorage(
    nodes,
    results.map(({ tensor }) => tensor),
    forced,
  );
  const levels = new Map<Node, number>();
  const items = new Map<Node, Item>();
  const loops: { readonly node: Node; readonly level: number }[] = [];
  for (const node of nodes) {
    const level = 1 + node.inputs.reduce((highest, x) => Math.max(highest, levelIn(levels, x)), 0);
    if (node.operation.op === "scan") {
      loops.push({ node, level });
      levels.set(node, level);
      continue;
    }
    levels.set(node, storage.read.has(node) ? level : level - 1);
    const tensor = nodeOutput(node);
    if (!storage.written.has(node) || sizeOf(tensor.shape) === 0) continue;
    const item = newItem(memory, tensor, level, false);
    items.set(node, item);
    if (storage.read.has(node)) scope.known.set(tensor, () => ({ place: item.place }));
  }
  return {
    memory,
    rules,
    scope,
    sources: sourcesOf(memory, scope),
    storage,
    nodes: new Set(nodes),
    levels,
    loops,
    items,
    copies: [],
    taken: new TensorMap(),
  };
}

function levelIn(levels: ReadonlyMap<Node, number>, x: Tensor): number {
  return x.kind === "array" ? 0 : (levels.get(x.node) ?? 0);
}

/** Where a result will be stored: where it is computed, where a loop leaves it, or in a copy. */
function placeOf(draft: Draft, { tensor, role }: Result): (() => BufferLocation) | undefined {
  if (sizeOf(tensor.shape) === 0) return undefined;
  const found =
    tensor.kind === "array"
      ? undefined
      : draft.nodes.has(tensor.node)
        ? ownPlace(draft, tensor, role)
        : statePlace(draft, tensor, role);
  if (found !== undefined) return found;
  const copy = newItem(draft.memory, tensor, 1 + levelIn(draft.levels, tensor), true);
  copy.roles.add(role);
  draft.copies.push(copy);
  return () => copy.place;
}

function ownPlace(
  { items, storage, sources, taken }: Draft,
  tensor: SymbolTensor,
  role: Role,
): (() => BufferLocation) | undefined {
  const item = items.get(tensor.node);
  if (item !== undefined && claim(item, role, storage.read)) return () => item.place;
  // A state of an inner loop has a buffer of its own, which one outer loop may carry on.
  if (role !== "carried" || !carriesOwn(tensor) || taken.has(tensor)) return undefined;
  taken.set(tensor, true);
  return () => foundPlace(sources, tensor);
}

/** A state before its step. A loop may stack it from where it is. */
function statePlace({ sources }: Draft, tensor: SymbolTensor, role: Role): (() => BufferLocation) | undefined {
  return role === "stacked" && placeIn(sources, tensor) !== undefined ? () => foundPlace(sources, tensor) : undefined;
}

function placeIn(sources: Sources, x: SymbolTensor): BufferLocation | undefined {
  const source = sources.of(x);
  return source !== undefined && "place" in source ? source.place : undefined;
}

function foundPlace(sources: Sources, x: SymbolTensor): BufferLocation {
  const place = placeIn(sources, x);
  if (place === undefined) throw new Error("gpu: a state that a loop leaves has no place");
  return place;
}

/** Whether a loop's output is a state that it carries itself. */
function carriesOwn({ node, index }: SymbolTensor): boolean {
  const { operation } = node;
  if (operation.op !== "scan" || index >= operation.states) return false;
  const next = nth(operation.body.outputs, index);
  const input = nth(operation.body.inputs, operation.captures + index);
  return !(next.kind === "symbol" && next.node === input.node);
}

/** Loops and launches level by level, with those that the caller reads last; or a node to cut at. */
function inOrder(draft: Draft): Work[] | { readonly cut: Node } {
  const { memory, rules, scope, sources, storage, nodes, loops, items, copies } = draft;
  const all = [...items.values(), ...copies];
  const last =
    1 +
    Math.max(
      0,
      ...all.map(({ level, roles }) => (roles.has("returned") ? level - 1 : level)),
      ...loops.map(({ level }) => level),
    );
  for (const item of all) if (item.roles.has("returned")) item.level = last;
  const work: Work[] = [];
  for (let level = 1; level <= last; level++) {
    for (const { node } of loops.filter((loop) => loop.level === level))
      work.push(...arrangeLoop({ memory, rules }, scope, node, arrangeBlock));
    const packed = pack(
      memory,
      rules,
      sources,
      all.filter((item) => item.level === level),
    );
    if ("reads" in packed) return { cut: cutOf(packed.reads.tensor, rules.reads, sources, nodes, storage.read) };
    work.push(...packed.groups);
  }
  return work;
}
