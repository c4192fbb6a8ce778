import { fixedPoints, stateTrajectory, type FixedPoint, type FixedPoints } from "@sluice/inspect";
import {
  add,
  concat,
  keyFor,
  mul,
  sliceAxis,
  tensor,
  valuesOf,
  type ArrayTensor,
  type Backend,
  type Tensor,
} from "@sluice/tensor";
import type { Network, Weights } from "./model.ts";

/** How fixed points are searched, the same for every cell. */
export interface Search {
  /** From how many visited states the search begins, and the standard deviation of the noise that is added to them. */
  readonly candidates: number;
  readonly noise: number;
  readonly iterations: number;
}

/** What two searches with different draws have found. */
export interface Found {
  /** The states that the network visits, `[examples, time, n]`. */
  readonly visited: Tensor;
  readonly searches: readonly [FixedPoints, FixedPoints];
  /** The points of both. */
  readonly fixed: readonly FixedPoint[];
  readonly slow: readonly FixedPoint[];
}

/**
 * Searches twice for fixed points without input. The searches begin from visited states and, because saddles lie between
 * answers, from midpoints of two states that two sequences visit at the same step.
 */
export async function searchTwice(
  { cell }: Network,
  [weights]: Weights,
  x: Tensor,
  { candidates, noise, iterations, key, backend }: Search & { readonly key: ArrayTensor; readonly backend: Backend },
): Promise<Found> {
  const visited = stateTrajectory(cell, weights, x);
  const [examples = 0] = visited.shape;
  const next = concat([sliceAxis(visited, 0, 1, examples), sliceAxis(visited, 0, 0, 1)], 0);
  const starts = concat([visited, mul(0.5, add(visited, next))], 0);
  const search = (draw: string): Promise<FixedPoints> =>
    fixedPoints(cell, weights, starts, { candidates, noise, iterations, key: keyFor(key, draw), backend });
  const searches = [await search("first search"), await search("second search")] as const;
  const [first, second] = searches;
  return {
    visited,
    searches,
    fixed: together(first.fixed, second.fixed),
    slow: together(first.slow, second.slow),
  };
}

const together = (a: readonly FixedPoint[], b: readonly FixedPoint[]): readonly FixedPoint[] => [
  ...a,
  ...b.filter((point) => !a.some((other) => isSame(point, other))),
];

/** What a search has found, in numbers. */
export interface Structure {
  readonly stable: number;
  readonly saddles: number;
  readonly slow: number;
  /** The largest residual of a fixed point; `null` if none was found. */
  readonly residual: number | null;
  /** 100 if each answer has exactly one stable point, and there are no others; otherwise 0. */
  readonly oneEach: number;
  /** 100 if there are as many saddles of index 1 as independent bits would have; otherwise 0. */
  readonly edges: number;
  /** 100 if there are as many fixed points of every index as independent bits would have; otherwise 0. */
  readonly cube: number;
}

/**
 * Each bit alone has two stable points and an unstable one between them. Bits that do not act on each other have
 * (n choose k) 2^(n-k) points of index k: the corners of a cube, the middles of its edges and faces, and its centre.
 */
export function pointsOfCube(bits: number): readonly number[] {
  let choices = 1;
  return Array.from({ length: bits + 1 }, (_, k) => {
    const points = choices << (bits - k);
    choices = (choices * (bits - k)) / (k + 1);
    return points;
  });
}

export function structureOf(
  { fixed, slow, searches: [{ parts }] }: Pick<Found, "fixed" | "slow" | "searches">,
  { readout }: Pick<Network, "readout">,
  [, ofReadout]: Weights,
  bits: number,
): Structure {
  const cube = pointsOfCube(bits);
  const [corners = 0, edges = 0] = cube;
  const h = parts.find(({ path }) => path === "h");
  const answerOf = ({ state }: FixedPoint): string => {
    const own = Float32Array.from(valuesOf(state).subarray(h?.from, h?.to));
    const { output } = readout.apply(ofReadout, tensor(own, [1, own.length]));
    return Array.from(valuesOf(output), (y) => (y > 0 ? "+" : "-")).join("");
  };
  const [stable, saddles] = [ofIndex(fixed, 0), ofIndex(fixed, 1)];
  const answers = stable.map(answerOf);
  return {
    stable: stable.length,
    saddles: saddles.length,
    slow: slow.length,
    residual: fixed.length === 0 ? null : Math.max(...fixed.map(({ residual }) => residual)),
    oneEach: new Set(answers).size === corners && answers.length === corners ? 100 : 0,
    edges: saddles.length === edges ? 100 : 0,
    cube: fixed.length === sum(cube) && cube.every((points, k) => ofIndex(fixed, k).length === points) ? 100 : 0,
  };
}

const sum = (numbers: readonly number[]): number => numbers.reduce((a, b) => a + b, 0);

export const ofIndex = (points: readonly FixedPoint[], index: number): readonly FixedPoint[] =>
  points.filter((point) => point.index === index);

/**
 * How many of the stable points and saddles of index 1 both searches have found, in per cent of those that either has;
 * `null` if there are none. Saddles of higher index attract too few candidates to be found each time.
 */
export function percentAgreed([first, second]: Found["searches"]): number | null {
  const low = ({ fixed }: FixedPoints): readonly FixedPoint[] => fixed.filter(({ index }) => index <= 1);
  const [a, b] = [low(first), low(second)];
  const either = together(a, b).length;
  return either === 0 ? null : (100 * (a.length + b.length - either)) / either;
}

/** Points of two searches are the same if they are closer than what tells the points of one apart. */
function isSame(a: FixedPoint, b: FixedPoint): boolean {
  const other = valuesOf(b.state);
  const apart = Array.from(valuesOf(a.state), (value, i) => value - (other[i] ?? Number.NaN));
  return Math.sqrt(sum(apart.map((value) => value * value))) < 1e-3;
}
