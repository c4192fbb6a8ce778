import { number } from "../layout.ts";
import type { Costs } from "./costs.ts";
import { functionNames, type Account, type Operations } from "./operations.ts";

/** Where the time of a program goes, in milliseconds, beside what its parts cost at least. */
export interface Where {
  /** Matrix products and the packing of their operands. */
  readonly products: number;
  /** Passes over memory, with their reductions, and other kernels. */
  readonly passes: number;
  /** Everything that no kernel does: copying, the call, JavaScript. */
  readonly rest: number;
  /** The products at the processor's peak. */
  readonly peak: number;
  /** The matrices of batched products, read once at the bandwidth of memory. */
  readonly matrices: number;
  /** What the passes read and write, at the bandwidth of memory. */
  readonly traffic: number;
  /** What each operation of the passes costs in a cache, by its name. */
  readonly arithmetic: Readonly<Partial<Record<keyof Operations, number>>>;
}

type Groups = Pick<Where, "products" | "passes" | "rest">;

/** Divides `ms` as a sampled profile does: self times by function, those of kernels as `wasm NAME`. */
export function groupsOf(functions: Readonly<Record<string, number>>, ms: number): Groups {
  const busy = Object.entries(functions).filter(([name]) => name !== "(idle)" && name !== "(program)");
  const of = (is: (name: string) => boolean): number =>
    busy.reduce((total, [name, time]) => total + (is(name) ? time : 0), 0);
  const isProduct = (name: string): boolean => /^wasm (matmul|pack)/.test(name);
  const isKernel = (name: string): boolean => name.startsWith("wasm ");
  const all = of(() => true);
  const products = (ms * of(isProduct)) / all;
  const passes = (ms * of((name) => isKernel(name) && !isProduct(name))) / all;
  return { products, passes, rest: ms - products - passes };
}

/** What the operations of a plan's passes cost. */
export function arithmeticOf(operations: Operations, costs: Costs): Where["arithmetic"] {
  return Object.fromEntries(
    (["simple", ...functionNames] as const).flatMap((name) => {
      const count = operations[name] ?? 0;
      return count === 0 ? [] : [[name, count * costs[name]]];
    }),
  );
}

/** What all operations of the passes cost. */
export const arithmeticTotal = ({ arithmetic }: Pick<Where, "arithmetic">): number =>
  Object.values(arithmetic).reduce((total, ms) => total + ms, 0);

/** The least that the passes can take: their traffic or their arithmetic, whichever takes longer. */
export const leastOfPasses = (where: Where): number => Math.max(where.traffic, arithmeticTotal(where));

/** A part of what a program takes above its bound has a reason if it is at least this share of it. */
const WORTH_SAYING = 0.2;

/** Why a program takes longer than its products at the peak and its passes' traffic, largest part first. */
export function reasonsOf(where: Where, account: Account): string {
  const { products, rest, peak, matrices, traffic, passes } = where;
  const least = leastOfPasses(where);
  const parts: readonly (readonly [ms: number, reason: string])[] = [
    [Math.max(0, products - Math.max(peak, matrices)), productsReason(where, account)],
    [Math.max(0, matrices - peak), "products that read a matrix for each row wait for memory"],
    [Math.max(0, least - traffic), `the passes compute: ${dearest(where.arithmetic, account.operations)}`],
    [Math.max(0, passes - least), passesReason(where, account)],
    [rest, `the call and its copies take ${number(rest)} ms`],
  ];
  const above = parts.reduce((total, [ms]) => total + ms, 0);
  return parts
    .filter(([ms]) => ms >= WORTH_SAYING * above && ms > 0)
    .toSorted(([a], [b]) => b - a)
    .map(([, reason]) => reason)
    .join("; ");
}

function productsReason({ products, peak }: Where, { flops, fewRows }: Account): string {
  const share = Math.round((100 * peak) / products);
  const few = Math.round((100 * fewRows) / Math.max(1, flops));
  return `products run at ${share} % of the peak, ${few} % of them on the rows of one step`;
}

function passesReason(where: Where, { elements, passes }: Account): string {
  const values = Math.round(elements / Math.max(1, passes)).toLocaleString("en-US");
  const times = number(where.passes / leastOfPasses(where));
  return `passes over ${values} values on average take ${times} times what they compute or move`;
}

/** The operations that cost most, until they make up most of it. */
function dearest(arithmetic: Where["arithmetic"], operations: Operations): string {
  const byCost = (["simple", ...functionNames] as const)
    .flatMap((name) => (arithmetic[name] === undefined ? [] : [{ name, ms: arithmetic[name] }]))
    .toSorted((a, b) => b.ms - a.ms);
  const most = 0.7 * arithmeticTotal({ arithmetic });
  const named: string[] = [];
  let ms = 0;
  for (const each of byCost) {
    if (ms >= most) break;
    ms += each.ms;
    const what = each.name === "simple" ? "simple operations" : each.name;
    named.push(`${number((operations[each.name] ?? 0) / 1e6)} M ${what}`);
  }
  return named.join(", ");
}
