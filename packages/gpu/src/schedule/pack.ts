import { sizeOf } from "@sluice/tensor/internal";
import { MOST_ELEMENTS } from "../kernels/position.ts";
import type { Sources } from "../kernels/source.ts";
import { trial, type Group, type KernelRules, type Part } from "./group.ts";
import { isPackable, rank, type Item } from "./item.ts";
import { floatsOf, newBuffer, placeAt, type Memory } from "./scope.ts";

/** The most statements of a kernel that writes several values: gpu.js translates long kernels slowly. */
const LONGEST_KERNEL = 240;
/** The most floats of a buffer that several values share. */
const LARGEST_PACK = MOST_ELEMENTS / 4;

/** Items that share a launch, and how much of a kernel's limits they need. */
interface Pack {
  readonly items: Item[];
  readonly reads: Set<number>;
  readonly packable: boolean;
  readonly returned: boolean;
  statements: number;
  floats: number;
  carried: number;
}

/**
 * Packs the items of one level into as few launches as the rules allow, each with its buffer. Returns an item instead
 * if it reads too many buffers for any launch.
 */
export function pack(
  memory: Memory,
  rules: KernelRules,
  sources: Sources,
  due: readonly Item[],
): { readonly groups: readonly Group[] } | { readonly reads: Item } {
  const packs: Pack[] = [];
  for (const item of due.toSorted((a, b) => rank(a) - rank(b))) {
    const source = trial(item, sources);
    if (source.arrays.length > rules.reads) return { reads: item };
    const alone: Pack = {
      items: [item],
      reads: new Set(source.arrays),
      packable: rules.packs && isPackable(item),
      returned: item.roles.has("returned"),
      statements: source.statements * floatsOf(item.tensor),
      floats: sizeOf(item.tensor.shape) * floatsOf(item.tensor),
      carried: item.roles.has("carried") ? 1 : 0,
    };
    const open = packs.find((other) => fits(other, alone, rules));
    if (open === undefined) packs.push(alone);
    else add(open, alone);
  }
  return { groups: packs.map((each) => groupOf(memory, sources, each)) };
}

function fits(open: Pack, next: Pack, { reads }: KernelRules): boolean {
  return (
    open.packable &&
    next.packable &&
    open.returned === next.returned &&
    open.statements + next.statements <= LONGEST_KERNEL &&
    open.floats + next.floats <= LARGEST_PACK &&
    open.carried + next.carried <= reads &&
    new Set([...open.reads, ...next.reads]).size <= reads
  );
}

function add(open: Pack, next: Pack): void {
  open.items.push(...next.items);
  for (const buffer of next.reads) open.reads.add(buffer);
  open.statements += next.statements;
  open.floats += next.floats;
  open.carried += next.carried;
}

function groupOf(memory: Memory, sources: Sources, { items, floats }: Pack): Group {
  const buffer = newBuffer(memory, floats);
  let offset = 0;
  for (const item of items) {
    item.place = placeAt(buffer, offset, item.tensor);
    offset += sizeOf(item.tensor.shape) * floatsOf(item.tensor);
  }
  const parts = items.map(({ tensor, place, copied }): Part => ({ tensor, place, copied }));
  return { kind: "group", buffer, elements: floats, parts, sources };
}
