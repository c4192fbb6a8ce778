import { sizeOf, TensorError, type Node, type SymbolTensor, type Tensor } from "@sluice/tensor";
import { TensorMap } from "@sluice/compiler";
import { MOST_ELEMENTS } from "../kernels/position.ts";
import type { Place, Source } from "../kernels/source.ts";
import { readsOf, trial, type Group, type KernelRules, type Part } from "./group.ts";
import { arrangeLoop, type LoopWork } from "./loop.ts";
import { floatsOf, newBuffer, placeAt, sourcesOf, type Memory, type Scope } from "./scope.ts";
import { decideStorage, isAnchor, isView } from "./storage.ts";

/** What a block does, in order; the kernels' sources are written once everything has its place. */
export type Work = Group | LoopWork;

/** A value that a block has to leave in a buffer: a loop stacks it, a loop or the program carries it to the next step, or the caller reads it. */
export interface Result {
  readonly tensor: Tensor;
  readonly role: "stacked" | "carried" | "returned";
}

export interface Block {
  readonly work: readonly Work[];
  /** Where each result lies; undefined where it has no elements. */
  readonly places: readonly ((() => Place) | undefined)[];
}

export interface Arrangement {
  readonly memory: Memory;
  readonly rules: KernelRules;
}

/** Decides which values of a block get memory, which launch writes them, and in what order. */
export function arrangeBlock(arrangement: Arrangement, outer: Scope, nodes: readonly Node[], results: readonly Result[]): { readonly block: Block; readonly scope: Scope } {
  const forced = new Set<Node>();
  const { buffers } = arrangement.memory;
  const before = buffers.length;
  for (;;) {
    const scope: Scope = { depth: outer.depth, known: new TensorMap(), parent: outer };
    const attempt = tryArrange(arrangement, scope, nodes, results, forced);
    if (!("cut" in attempt)) return { block: attempt, scope };
    // A kernel that would read too many buffers is cut at a value on the way, and the block is arranged anew.
    forced.add(attempt.cut);
    buffers.length = before;
  }
}

/** A value to be written. */
interface Item {
  readonly tensor: Tensor;
  readonly copied: boolean;
  readonly roles: Set<Result["role"]>;
  level: number;
  place: Place;
}

function tryArrange(arrangement: Arrangement, scope: Scope, nodes: readonly Node[], results: readonly Result[], forced: ReadonlySet<Node>): Block | { readonly cut: Node } {
  const { memory } = arrangement;
  const storage = decideStorage(nodes, results.map(({ tensor }) => tensor), forced);
  const sources = sourcesOf(memory, scope);
  const own = new Set(nodes);
  const levels = new Map<Node, number>();
  const levelOf = (x: Tensor): number => (x.kind === "array" ? 0 : (levels.get(x.node) ?? 0));
  const items = new Map<Node, Item>();
  const loops: { readonly node: Node; readonly level: number }[] = [];
  for (const node of nodes) {
    const level = 1 + node.inputs.reduce((highest, x) => Math.max(highest, levelOf(x)), 0);
    if (node.operation.op === "scan") {
      loops.push({ node, level });
      levels.set(node, level);
      continue;
    }
    levels.set(node, storage.read.has(node) ? level : level - 1);
    const tensor = outputOf(node, 0);
    if (!storage.written.has(node) || sizeOf(tensor.shape) === 0) continue;
    const item = newItem(memory, tensor, level, false);
    items.set(node, item);
    if (storage.read.has(node)) scope.known.set(tensor, () => ({ place: item.place }));
  }

  const extra: Item[] = [];
  const copy = (tensor: Tensor, role: Result["role"]): Item => {
    const item = newItem(memory, tensor, 1 + levelOf(tensor), true);
    item.roles.add(role);
    extra.push(item);
    return item;
  };
  const carriedLoops = new Set<string>();
  const places = results.map(({ tensor, role }): (() => Place) | undefined => {
    if (sizeOf(tensor.shape) === 0) return undefined;
    if (role === "stacked" && tensor.kind === "symbol" && !own.has(tensor.node)) {
      // A state before its step, which a loop may stack from where it lies.
      const source = (): Source | undefined => sources.of(tensor);
      const now = source();
      if (now !== undefined && "place" in now) {
        return (): Place => {
          const found = source();
          return found !== undefined && "place" in found ? found.place : now.place;
        };
      }
    }
    const item = tensor.kind === "symbol" && own.has(tensor.node) ? items.get(tensor.node) : undefined;
    if (item !== undefined && claim(item, role, storage.read)) return () => item.place;
    if (role === "carried" && tensor.kind === "symbol" && own.has(tensor.node) && tensor.node.operation.op === "scan") {
      // What a loop inside carries is in a buffer of its own, which one loop outside may carry on.
      const key = `${nodes.indexOf(tensor.node)}.${tensor.index}`;
      const source = (): Place | undefined => {
        const found = scope.known.get(tensor)?.();
        return found !== undefined && "place" in found ? found.place : undefined;
      };
      if (!carriedLoops.has(key) && carriesOwn(tensor)) {
        carriedLoops.add(key);
        return () => source()!;
      }
    }
    const copied = copy(tensor, role);
    return () => copied.place;
  });

  const all = [...items.values(), ...extra];
  const last = 1 + Math.max(0, ...all.filter(({ roles }) => !roles.has("returned")).map(({ level }) => level), ...loops.map(({ level }) => level), ...all.map(({ level }) => level - 1));
  for (const item of all) if (item.roles.has("returned")) item.level = last;
  const work: Work[] = [];
  for (let level = 1; level <= last; level++) {
    for (const { node } of loops.filter((loop) => loop.level === level)) work.push(...arrangeLoop(arrangement, scope, node));
    const due = all.filter((item) => item.level === level);
    const groups = formGroups(arrangement, scope, due);
    if ("cut" in groups) return groups;
    work.push(...groups.groups);
  }
  return { work, places };

  function formGroups({ rules }: Arrangement, within: Scope, due: readonly Item[]): { readonly groups: readonly Group[] } | { readonly cut: Node } {
    const open: { items: Item[]; reads: Set<number>; statements: number; floats: number; readonly packed: boolean; readonly returned: boolean; carried: number }[] = [];
    for (const item of due.toSorted((a, b) => rank(a) - rank(b))) {
      const source = trial(item, sources);
      if (source.arrays.length > rules.reads) return { cut: cutOf(item.tensor, rules.reads) };
      const floats = sizeOf(item.tensor.shape) * floatsOf(item.tensor);
      const statements = source.statements * floatsOf(item.tensor);
      const packed = rules.packs && isPackable(item);
      const carried = item.roles.has("carried") ? 1 : 0;
      const returned = item.roles.has("returned");
      const fitting = open.find(
        (group) =>
          packed && group.packed && group.returned === returned && group.statements + statements <= LONGEST_KERNEL && group.carried + carried <= rules.reads &&
          group.floats + floats <= LARGEST_PACK && new Set([...group.reads, ...source.arrays]).size <= rules.reads,
      );
      if (fitting === undefined) {
        open.push({ items: [item], reads: new Set(source.arrays), statements, floats, packed, returned, carried });
        continue;
      }
      fitting.items.push(item);
      for (const buffer of source.arrays) fitting.reads.add(buffer);
      fitting.statements += statements;
      fitting.floats += floats;
      fitting.carried += carried;
    }
    return {
      groups: open.map(({ items: members, floats }): Group => {
        const buffer = newBuffer(memory, floats);
        let offset = 0;
        for (const item of members) {
          item.place = placeAt(buffer, offset, item.tensor);
          offset += sizeOf(item.tensor.shape) * floatsOf(item.tensor);
        }
        const parts = members.map(({ tensor, place, copied }): Part => ({ tensor, place, copied }));
        return { kind: "group", buffer, elements: floats, parts, sources: sourcesOf(memory, within) };
      }),
    };
  }

  /** A value on the way to `x` that reads as many buffers as a kernel may. */
  function cutOf(x: Tensor, limit: number): Node {
    const seen = new Set<Node>();
    let best: { node: Node; reads: number } | undefined;
    const walk = (tensor: Tensor): void => {
      if (tensor.kind === "array" || !own.has(tensor.node) || seen.has(tensor.node)) return;
      seen.add(tensor.node);
      const { node } = tensor;
      if (storage.read.has(node) && tensor !== x) return;
      if (tensor !== x && !isView(node) && !isAnchor(node) && node.operation.op !== "iota") {
        const reads = readsOf(tensor, sources).length;
        if (reads > 1 && reads <= limit && (best === undefined || reads > best.reads)) best = { node, reads };
      }
      node.inputs.forEach(walk);
    };
    walk(x);
    if (best === undefined) throw new TensorError(`gpu: ${x.kind === "symbol" ? x.node.operation.op : "a constant"} reads more than the ${limit} arrays that a kernel may read here`);
    return best.node;
  }
}

/** Statements of a kernel, which gpu.js translates slowly. */
const LONGEST_KERNEL = 240;
/** Floats of a buffer that values share. */
const LARGEST_PACK = MOST_ELEMENTS / 4;

function newItem(memory: Memory, tensor: Tensor, level: number, copied: boolean): Item {
  return { tensor, copied, roles: new Set(), level, place: placeAt(memory.provisional(), 0, tensor) };
}

/** Gives an item a role; false where it needs a copy. */
function claim({ tensor, roles }: Item, role: Result["role"], read: ReadonlySet<Node>): boolean {
  if (roles.has("returned")) return role === "returned";
  if (role === "carried" && roles.has("carried")) return false;
  // Results are read back, so they share a buffer with nothing else.
  if (role === "returned" && (roles.size > 0 || tensor.kind === "array" || read.has(tensor.node))) return false;
  roles.add(role);
  return true;
}

/** Whether a loop's output is a state that it carries itself. */
function carriesOwn({ node, index }: SymbolTensor): boolean {
  const { operation } = node;
  if (operation.op !== "scan" || index >= operation.states) return false;
  const next = operation.body.outputs[index]!;
  const input = operation.body.inputs[operation.captures + index]!;
  return !(next.kind === "symbol" && next.node === input.node);
}

function isPackable({ tensor, copied }: Item): boolean {
  if (copied || tensor.kind === "array") return true;
  const { op } = tensor.node.operation;
  return !isAnchor(tensor.node) || op === "reduceSum" || op === "reduceMax";
}

/** What is stacked comes first in a buffer, so that a loop stacks one range of it. */
function rank({ roles }: Item): number {
  return roles.has("stacked") ? 0 : 1;
}

export function outputOf(node: Node, index: number): SymbolTensor {
  return { kind: "symbol", ...node.outputs[index]!, node, index };
}
