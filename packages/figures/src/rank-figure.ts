import { TensorError } from "@sluice/tensor";
import { shown } from "@sluice/tensor/internal";
import { svgOf, type Drawing } from "./drawing.ts";
import { colourOf, marker } from "./marks.ts";
import { element, pixels, type Markup } from "./markup.ts";
import { formatNumber } from "./numbers.ts";
import { topOf } from "./axes.ts";
import { checkFigure, type FigureOptions } from "./options.ts";
import { fitted, textWidth } from "./text.ts";

/** Mean ranks of several variants over many tasks. */
export interface RankData {
  /** By variant: 1 is the best. */
  readonly ranks: Readonly<Record<string, number>>;
  /** Variants that do not differ: a bar joins those of a group. A variant may be in several groups. */
  readonly groups: readonly (readonly string[])[];
  /** How far mean ranks must be apart to differ, drawn above the axis. Default: none, for a test of each pair. */
  readonly criticalDifference?: number | null;
}

/** Options of {@link rankFigure}. The default height follows from the number of variants. */
export interface RankOptions extends FigureOptions {
  /** All variants in the order of their colours and markers, as in other figures. Default: the order of `ranks`. */
  readonly order?: readonly string[];
}

const [ROW, BAR] = [19, 9];

/**
 * A critical-difference diagram (Demšar 2006, "Statistical comparisons of classifiers over multiple data sets"), as an
 * SVG: variants by their mean rank, the best at the left, with bars that join those that do not differ.
 *
 * Throws a TensorError for fewer than two variants, a rank that is not one, or a group with an unknown variant.
 */
export function rankFigure(data: RankData, options: RankOptions = {}): string {
  const places = placesOf(data);
  const bars = levelsOf(data, places);
  const rows = Math.ceil(places.length / 2);
  const above = topOf(options.title) + (typeof data.criticalDifference === "number" ? 30 : 6) + 20;
  const below = (1 + Math.max(0, ...bars.map(({ level }) => level + 1))) * BAR + rows * ROW + 10;
  const size = checkFigure("rankFigure", options, { own: ["order"], height: Math.max(120, above + below) });
  return svgOf(drawing(data, { places, bars, above, options: { ...options, ...size } }), options.theme);
}

interface Place {
  readonly name: string;
  readonly rank: number;
}

/** The variants, the best first. */
function placesOf({ ranks, criticalDifference }: RankData): readonly Place[] {
  const places = Object.entries(ranks).map(([name, rank]) => ({ name, rank }));
  if (places.length < 2) throw new TensorError(`rankFigure: ${places.length} variants, expected at least two`);
  for (const { name, rank } of places)
    if (!(rank >= 1 && rank <= places.length))
      throw new TensorError(
        `rankFigure: the mean rank of ${name} is ${shown(rank)}, expected a number from 1 to ${places.length}`,
      );
  if (typeof criticalDifference === "number" && !(criticalDifference > 0))
    throw new TensorError(`rankFigure: criticalDifference must be above 0, got ${criticalDifference}`);
  return places.sort((a, b) => a.rank - b.rank);
}

/** A group's bar, from rank to rank, and how far below the axis it stands. */
interface Bar {
  readonly from: number;
  readonly to: number;
  readonly level: number;
  readonly names: readonly string[];
}

/** Bars that would touch stand below each other. */
function levelsOf({ groups }: RankData, places: readonly Place[]): readonly Bar[] {
  const ends: number[] = [];
  return groups
    .map((names) => {
      const own = names.map((name) => {
        const place = places.find((known) => known.name === name);
        if (place === undefined) throw new TensorError(`rankFigure: a group has ${shown(name)}, which has no rank`);
        return place.rank;
      });
      return { from: Math.min(...own), to: Math.max(...own), names };
    })
    .sort((a, b) => a.from - b.from)
    .map((bar) => {
      const free = ends.findIndex((end) => end < bar.from - 0.1);
      const level = free < 0 ? ends.length : free;
      ends[level] = bar.to;
      return { ...bar, level };
    });
}

interface Parts {
  readonly places: readonly Place[];
  readonly bars: readonly Bar[];
  /** Room above the axis. */
  readonly above: number;
  readonly options: RankOptions & { readonly width: number; readonly height: number };
}

function drawing({ ranks, criticalDifference }: RankData, { places, bars, above, options }: Parts): Drawing {
  const { width, height, title, order = Object.keys(ranks) } = options;
  const count = places.length;
  const half = Math.ceil(count / 2);
  const [left, right] = [labelsOf(places.slice(0, half), width), labelsOf(places.slice(half).reverse(), width)];
  const [from, to] = [12 + left.room, width - 12 - right.room];
  const at = (rank: number): number => from + ((rank - 1) / (count - 1)) * (to - from);
  const rows = above + (1 + Math.max(0, ...bars.map(({ level }) => level + 1))) * BAR + 8;
  const sides = [
    { ...left, edge: from, outwards: -1, anchor: "end" },
    { ...right, edge: to, outwards: 1, anchor: "start" },
  ];
  const body = [
    ...axis(count, at, above),
    ...(typeof criticalDifference === "number" ? difference(criticalDifference, { at, count, above }) : []),
    ...sides.flatMap(({ labels, edge, outwards, anchor }) =>
      labels.map(({ name, rank, text }, row) => {
        const index = order.indexOf(name);
        const y = rows + row * ROW;
        const told = `${name}: mean rank ${formatNumber(rank, 2)}`;
        const d = `M${pixels(at(rank))},${pixels(above)}V${pixels(y)}H${pixels(edge + 6 * outwards)}`;
        return element(
          "g",
          { class: `c${colourOf(Math.max(0, index))}` },
          element("title", {}, told),
          element("path", { class: "path", d }),
          marker(Math.max(0, index), [at(rank), above], { radius: 4 }, told),
          element("text", { class: "ink", x: edge + 9 * outwards, y: y + 4, "text-anchor": anchor }, text),
        );
      }),
    ),
    ...bars.map((bar) => joined(bar, at, above)),
  ];
  const spoken = places.map(({ name, rank }) => `${name} ${formatNumber(rank, 2)}`).join(", ");
  const alike = bars.map(({ names }) => names.join(", ")).join("; ");
  const described = `Mean ranks, 1 is the best: ${spoken}. ${alike === "" ? "All differ" : `No difference found among: ${alike}`}.`;
  return {
    ...{ width, height, title, description: options.description ?? described, body },
    style: `.sluice-figure .joined{stroke-width:4.5;stroke-linecap:round}`,
  };
}

/** The labels of one side, each with its mean rank, and the room that they take. */
function labelsOf(places: readonly Place[], width: number) {
  const labels = places.map((place) => {
    const rank = ` ${formatNumber(place.rank, 2)}`;
    return { ...place, text: `${fitted(place.name, 0.32 * width - textWidth(rank) - 10)}${rank}` };
  });
  return { labels, room: Math.ceil(Math.max(0, ...labels.map(({ text }) => textWidth(text))) + 10) };
}

/** The ranks from 1, with their numbers above; every n-th, if there are many. */
function axis(count: number, at: (rank: number) => number, y: number): Markup[] {
  const step = Math.ceil((count - 1) / Math.max(1, Math.floor((at(count) - at(1)) / 24)));
  const ticks = Array.from({ length: Math.floor((count - 1) / step) + 1 }, (_, index) => 1 + index * step);
  const d = ticks.map((rank) => `M${pixels(at(rank))},${pixels(y)}v-5`).join("");
  return [
    element("path", { class: "base", d: `M${pixels(at(1))},${pixels(y)}H${pixels(at(count))}${d}` }),
    ...ticks.map((rank) => element("text", { x: at(rank), y: y - 9, "text-anchor": "middle" }, String(rank))),
  ];
}

/** How far ranks must be apart, as a length of the axis. */
function difference(
  value: number,
  { at, count, above }: { at(rank: number): number; readonly count: number; readonly above: number },
): Markup[] {
  const y = above - 28;
  const end = Math.min(at(count), at(1 + value));
  const text = `CD ${formatNumber(value, 2)}`;
  return [
    element("path", { class: "whisker", d: `M${pixels(at(1))},${y - 3}v6m0,-3H${pixels(end)}m0,-3v6` }),
    element("text", { class: "ink", x: (at(1) + end) / 2, y: y - 7, "text-anchor": "middle" }, text),
  ];
}

function joined({ from, to, level, names }: Bar, at: (rank: number) => number, above: number): Markup {
  const y = above + (level + 1) * BAR + 2;
  const d = `M${pixels(at(from) - 3)},${pixels(y)}H${pixels(at(to) + 3)}`;
  return element(
    "path",
    { class: "whisker joined", d },
    element("title", {}, `no difference found: ${names.join(", ")}`),
  );
}
