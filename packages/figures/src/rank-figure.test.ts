import { describe, expect, test } from "vitest";
import { rankFigure } from "./index.ts";

const ranks = { gru: 1.5, lstm: 2, rnn: 3.25, "a cell whose name is much too long for a narrow figure": 3.25 };
const groups = [
  ["gru", "lstm"],
  ["lstm", "rnn", "a cell whose name is much too long for a narrow figure"],
];

describe("a critical-difference diagram", () => {
  const svg = rankFigure({ ranks, groups, criticalDifference: 1.2 }, { width: 420 });
  const axis = [...svg.matchAll(/class="base" d="M([\d.]+),[\d.]+H([\d.]+)/g)][0]!.slice(1).map(Number);
  const at = (rank: number): number => axis[0]! + ((rank - 1) / 3) * (axis[1]! - axis[0]!);

  test("has each variant at its mean rank, with its name and its rank", () => {
    const places = [...svg.matchAll(/class="path" d="M([\d.]+),/g)].map(([, x]) => Number(x));
    // The left side from the best, the right side from the worst.
    for (const [index, rank] of [1.5, 2, 3.25, 3.25].entries()) expect(places[index]).toBeCloseTo(at(rank), 0);
    expect(svg).toContain(">gru 1.50</text>");
    expect(svg).toMatch(/>a cell[^<]*… 3\.25<\/text>/);
    expect(svg).toContain("Mean ranks, 1 is the best: gru 1.50, lstm 2.00");
  });

  test("joins the variants of a group, and bars that overlap stand below each other", () => {
    const bars = [...svg.matchAll(/class="whisker joined" d="M([\d.]+),([\d.]+)H([\d.]+)/g)].map((found) =>
      found.slice(1).map(Number),
    );
    expect(bars).toHaveLength(2);
    expect(bars.map(([from, , to]) => [from! + 3, to! - 3].map(Math.round))).toEqual(
      [
        [1.5, 2],
        [2, 3.25],
      ].map((ends) => ends.map((rank) => Math.round(at(rank)))),
    );
    expect(bars[1]![1]).toBeGreaterThan(bars[0]![1]!);
    expect(svg).toContain("<title>no difference found: gru, lstm</title>");
  });

  test("has the critical difference as a length of the axis, if there is one", () => {
    const [, from, to] = svg.match(/class="whisker" d="M([\d.]+),[\d.]+v6m0,-3H([\d.]+)/)!.map(Number);
    expect([from, to].map((x) => Math.round(x!))).toEqual([at(1), at(2.2)].map(Math.round));
    expect(svg).toContain(">CD 1.20</text>");
    expect(rankFigure({ ranks, groups })).not.toContain("CD ");
  });

  test.for([
    [{ ranks: { gru: 1 }, groups: [] }, "rankFigure: 1 variants, expected at least two"],
    [{ ranks: { gru: 0.5, lstm: 2 }, groups: [] }, "the mean rank of gru is 0.5, expected a number from 1 to 2"],
    [{ ranks: { gru: 1, lstm: 2 }, groups: [["rnn"]] }, 'a group has "rnn", which has no rank'],
    [{ ranks: { gru: 1, lstm: 2 }, groups: [], criticalDifference: 0 }, "criticalDifference must be above 0, got 0"],
  ] as const)("%#", ([data, message]) => {
    expect(() => rankFigure(data)).toThrow(message);
  });
});
