import { TensorError, type Program, type Type } from "@sluice/tensor";
import { nth, showShape, sizeOf, zip, type Node } from "@sluice/tensor/internal";
import { elementsKept, loopPairs, type LoopPair } from "./passes/loop-pairs.ts";
import { finish, prepare, programPasses } from "./passes/optimize.ts";
import { planPasses, type LowerOptions } from "./plan/lower.ts";
import { planProgram as planOf } from "./plan/make.ts";
import type { Plan } from "./plan/plan.ts";
import { roleOf } from "./facts/roles.ts";

/** Everything that can be switched off: passes, and parts of the plan. */
export const passNames = [...programPasses, ...planPasses] as const;

/** Passes, and parts of the plan, to switch off; `false` switches one off. */
export type Passes = { readonly [name in (typeof passNames)[number]]?: boolean };

/** Options of {@link planWithin}. */
export interface BudgetOptions extends Omit<LowerOptions, "passes"> {
  /** Passes, and parts of the plan, to switch off. Default: all are on. */
  readonly passes?: Passes;
  /** Memory budget of the plan in bytes. Default: no limit. */
  readonly memory?: number;
  /**
   * The number of bytes that the backend can address. A larger plan is an error that lists what takes the memory.
   * Default: no limit.
   */
  readonly addressable?: number;
}

/** What a backend makes from a program. It knows how much memory it needs. */
export interface WithBytes {
  readonly bytes: number;
}

/** A plan, with the program that it was made from. */
export interface Planned<P extends WithBytes = Plan> {
  /** The program after the passes. */
  readonly program: Program;
  readonly plan: P;
  /** The number of segments of each pair of loops: see `checkpoint`. */
  readonly segments: readonly number[];
}

/**
 * Runs the passes and plans a program within a memory budget. If everything fits, everything is kept. Otherwise loops
 * are divided into segments: first those that keep the most memory, and into the fewest segments that fit, so that few
 * steps are computed twice. If that needs many segments, small ones are used. Throws an error if even the division that
 * needs the least memory does not fit.
 *
 * The memory of a division is known once it is planned, which takes milliseconds for any number of steps. About ten
 * divisions are planned.
 */
export function planWithin(program: Program, options: BudgetOptions = {}): Planned {
  const { memory, addressable = Infinity, passes = {}, ...rest } = options;
  const limit = Math.min(memory ?? Infinity, addressable);
  return fitWithin(
    program,
    {
      passes,
      memory: limit,
      // Without a budget nothing is computed twice. If the program is too large, the error names the option.
      ...(memory === undefined ? { refuse: (whole: Planned) => tooLarge(whole, addressable) } : {}),
    },
    (finished) => planOf(finished, { ...rest, passes }),
  );
}

interface FitOptions<P extends WithBytes> extends Pick<BudgetOptions, "memory" | "passes"> {
  /** Throws for a plan that keeps everything and is too large, instead of trying others. */
  readonly refuse?: (whole: Planned<P>) => Error;
}

/** {@link planWithin} for any kind of plan. */
export function fitWithin<P extends WithBytes>(
  program: Program,
  { memory = Infinity, passes = {}, refuse }: FitOptions<P>,
  planned: (finished: Program) => P,
): Planned<P> {
  const prepared = prepare(program, passes);
  const attempt = (segments: readonly number[]): Planned<P> => {
    const finished = finish(prepared, { ...passes, checkpoint: segments });
    return { program: finished, plan: planned(finished), segments };
  };
  const fits = ({ plan }: Planned<P>): boolean => plan.bytes <= memory;

  const whole = attempt([]);
  if (fits(whole)) return whole;
  if (refuse !== undefined) throw refuse(whole);
  const pairs = loopPairs(prepared);
  let least = whole;
  for (const segments of divisions(pairs)) {
    const divided = attempt(segments);
    if (fits(divided)) return small(fewest(divided, attempt, fits), pairs, attempt, fits);
    if (divided.plan.bytes < least.plan.bytes) least = divided;
  }
  throw tooLittle(
    memory,
    { whole: whole.plan.bytes, least: least.plan.bytes, segments: least.segments },
    prepared,
    pairs,
  );
}

/**
 * Divisions that need little memory: of the pair that keeps most, of it and the next one, and so on; and of all pairs
 * into twice as many segments.
 */
function divisions(pairs: readonly LoopPair[]): number[][] {
  const byKept = pairs.toSorted((a, b) => elementsKept(b) - elementsKept(a));
  const growing = byKept.map((_, last) =>
    pairs.map((pair) => (byKept.indexOf(pair) <= last ? leastSegments(pair) : 1)),
  );
  return [...growing, ...growing.slice(-1).map((all) => all.map((n) => 2 * n))];
}

/**
 * The number of segments that minimizes the sum of `length / n` kept steps and n states between segments. Additional
 * memory per step, such as hoisted products, is not known yet.
 */
function leastSegments(pair: LoopPair): number {
  return Math.max(2, Math.round(Math.sqrt(elementsKept(pair) / Math.max(1, pair.stateElements))));
}

/** The same loops in the fewest segments that fit. Memory falls with their number, up to the number in `divided`. */
function fewest<P extends WithBytes>(
  divided: Planned<P>,
  attempt: (segments: readonly number[]) => Planned<P>,
  fits: (planned: Planned<P>) => boolean,
): Planned<P> {
  const numbers = numbersBelow(Math.max(...divided.segments));
  let best = divided;
  let [from, to] = [0, numbers.length];
  while (from < to) {
    const middle = (from + to) >> 1;
    const planned = attempt(divided.segments.map((n) => Math.min(n, nth(numbers, middle))));
    if (fits(planned)) [best, to] = [planned, middle];
    else from = middle + 1;
  }
  return best;
}

/**
 * With many segments nearly every step is computed twice, whatever their number. The segments may then as well be small
 * enough for the cache. Measured on one long sequence (GRU of 64 units, 10^6 steps), segments that keep 2 MB are a
 * fifth faster than segments that fill 256 MB; with 32 rows they are no slower.
 */
const MANY = 8;
const CACHED_BYTES = 2e6;

function small<P extends WithBytes>(
  few: Planned<P>,
  pairs: readonly LoopPair[],
  attempt: (segments: readonly number[]) => Planned<P>,
  fits: (planned: Planned<P>) => boolean,
): Planned<P> {
  const segments = zip(few.segments, pairs).map(([n, pair]) =>
    n < MANY ? n : Math.max(n, Math.ceil((4 * elementsKept(pair)) / CACHED_BYTES)),
  );
  if (segments.every((n, i) => n === few.segments[i])) return few;
  const divided = attempt(segments);
  return fits(divided) ? divided : few;
}

/** 2, 3, 4, 6, 8, 12, 16, ...: a finer choice would hardly change how many steps are computed twice. */
function numbersBelow(limit: number): number[] {
  const numbers: number[] = [];
  for (let n = 2; n < limit; n *= 2) numbers.push(n, ...(n + n / 2 < limit ? [n + n / 2] : []));
  return numbers;
}

interface Needed {
  /** Bytes if everything is kept, and with the division that needs the least. */
  readonly whole: number;
  readonly least: number;
  readonly segments: readonly number[];
}

function tooLittle(
  memory: number,
  { whole, least, segments }: Needed,
  prepared: Program,
  pairs: readonly LoopPair[],
): TensorError {
  const ends = [...prepared.inputs, ...prepared.outputs].reduce((sum, type) => sum + bytesOf(type), 0);
  const divided = segments.filter((n) => n > 1);
  const reached =
    divided.length > 0
      ? `and at least ${showBytes(least)} with loops in ${divided.join(" and ")} segments`
      : "and no loop keeps anything for its gradient that could be computed again";
  const largest = largestWhole(prepared, pairs);
  const named =
    largest === undefined || bytesOf(largest.type) < ends
      ? ""
      : `, and the ${showShape(largest.type.shape)} of a ${largest.node.operation.op} ${showBytes(bytesOf(largest.type))}` +
        (largest.node.operation.op === "scan"
          ? " (it is read after its loop: the last step's output alone, or doing in the step what is done with it, would save that)"
          : "");
  return new TensorError(
    `compile: ${showBytes(memory)} of memory do not suffice: ${showBytes(whole)} are planned with everything kept, ${reached}. Inputs and outputs take ${showBytes(ends)}${named}. ` +
      "Fewer rows in a batch or shorter sequences need less",
  );
}

/** Without a budget nothing is computed twice, so a program may need more memory than there is. */
function tooLarge({ program, plan }: Planned, addressable: number): TensorError {
  const largest = program.nodes
    .flatMap((node) => (roleOf(node) === "view" ? [] : node.outputs.map((type) => ({ node, type }))))
    .toSorted((a, b) => bytesOf(b.type) - bytesOf(a.type))
    .slice(0, 3)
    .map(({ node, type }) => `${showShape(type.shape)} of a ${node.operation.op} (${showBytes(bytesOf(type))})`);
  return new TensorError(
    `compile: ${showBytes(plan.bytes)} are planned, and at most ${showBytes(addressable)} can be addressed here. The largest values are ${largest.join(", ")}. ` +
      "Give compile, compileStep or trainer a budget in bytes, such as { memory: 1e9 }: what a loop keeps for its gradient is then computed again where that saves enough. Fewer rows in a batch or shorter sequences need less too",
  );
}

/** The largest value that no division makes smaller. */
function largestWhole(
  { nodes }: Program,
  pairs: readonly LoopPair[],
): { readonly node: Node; readonly type: Type } | undefined {
  const isKept = (node: Node, index: number): boolean =>
    pairs.some(({ forward, kept }) => forward === node && kept.includes(index));
  const values = nodes.flatMap((node) =>
    roleOf(node) === "view" ? [] : node.outputs.flatMap((type, index) => (isKept(node, index) ? [] : [{ node, type }])),
  );
  return values.toSorted((a, b) => bytesOf(b.type) - bytesOf(a.type))[0];
}

function bytesOf({ shape }: Type): number {
  return 4 * sizeOf(shape);
}

function showBytes(bytes: number): string {
  return bytes < 1e6 ? `${(bytes / 1e3).toFixed(1)} kB` : `${(bytes / 1e6).toFixed(1)} MB`;
}
