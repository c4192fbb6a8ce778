import type { Box } from "./axes.ts";
import { unbroken } from "./estimates.ts";
import { colourOf, marker } from "./marks.ts";
import { element, pixels, type Markup } from "./markup.ts";
import { formatNumber } from "./numbers.ts";
import type { Axis } from "./options.ts";
import type { Scale } from "./scale.ts";
import type { Points, Trajectory } from "./scatter-figure.ts";

/** Where a scatter figure's points are drawn. */
export interface Plane {
  readonly box: Box;
  readonly x: Scale;
  readonly y: Scale;
  /** Whether both axes can show a point. */
  usable(x: number, y: number): boolean;
}

/** Kinds with more points are drawn as dots. */
const MOST_MARKERS = 2000;

/** Kinds with at most as many points have larger markers. */
const FEW = 40;

/** The points of the index-th kind. */
export function drawnPoints(
  { x, y, names, filled = true }: Points,
  plane: Plane,
  { kind, index, ...axes }: { readonly kind: string; readonly index: number; readonly x: Axis; readonly y: Axis },
): Markup {
  const seen = Array.from(x, (value, at) => ({ x: value, y: y[at] ?? Number.NaN, name: names?.[at] })).filter((point) =>
    plane.usable(point.x, point.y),
  );
  const attributes = { class: `c${colourOf(index)}` };
  if (seen.length > MOST_MARKERS) {
    const places = new Set(
      seen.map((point) => `M${pixels(plane.x.place(point.x))},${pixels(plane.y.place(point.y))}h0`),
    );
    const text = element("title", {}, `${kind}: ${seen.length} points`);
    return element("g", attributes, element("path", { class: "dots", d: [...places].join("") }, text));
  }
  return element(
    "g",
    attributes,
    seen.map((point) => {
      const own = point.name === undefined ? kind : `${kind}, ${point.name}`;
      const where = `${axes.x.label} ${formatNumber(point.x)}, ${axes.y.label} ${formatNumber(point.y)}`;
      const radius = seen.length <= FEW ? 4.4 : 3.2;
      return marker(index, [plane.x.place(point.x), plane.y.place(point.y)], { filled, radius }, `${own}: ${where}`);
    }),
  );
}

/** A path with an open circle at its start and arrowheads along it. */
export function drawnPath({ x, y }: Trajectory, plane: Plane, kind: string): Markup[] {
  const points = Array.from(x, (value, at) => [value, y[at] ?? Number.NaN] as const);
  return unbroken(points, ([px, py]) => plane.usable(px, py)).map((run) => {
    const places = apart(run.map(([px, py]) => [plane.x.place(px), plane.y.place(py)] as const));
    const [first = [0, 0]] = places;
    return element(
      "g",
      {},
      element("title", {}, `${kind}, ${points.length} steps`),
      places.length > 1 && element("path", { class: "path", d: `M${places.map(at).join("L")}` }),
      places.length > 1 && element("path", { class: "dot", d: arrowheads(places) }),
      element("circle", { class: "open", cx: first[0], cy: first[1], r: 2.6 }),
    );
  });
}

type Place = readonly [number, number];

const at = ([x, y]: Place): string => `${pixels(x)},${pixels(y)}`;

const placeAt = (places: readonly Place[], index: number): Place => places[index] ?? [0, 0];

/** Leaves out places that are less than half a pixel from the last one, but not the end. */
function apart(places: readonly Place[]): Place[] {
  const kept: Place[] = [];
  places.forEach((place, index) => {
    const last = kept.at(-1);
    if (last === undefined || distance(last, place) >= 0.5 || index === places.length - 1) kept.push(place);
  });
  return kept;
}

function distance([x1, y1]: Place, [x2, y2]: Place): number {
  return Math.sqrt((x2 - x1) * (x2 - x1) + (y2 - y1) * (y2 - y1));
}

/** About every 90 pixels, and at most eight, small triangles in the direction of the path. */
function arrowheads(places: readonly Place[]): string {
  let length = 0;
  for (let index = 1; index < places.length; index += 1)
    length += distance(placeAt(places, index - 1), placeAt(places, index));
  const every = Math.max(90, length / 8);
  let due = Math.min(length / 2, every / 2);
  let gone = 0;
  const heads: string[] = [];
  for (let index = 1; index < places.length; index += 1) {
    const [from, to] = [placeAt(places, index - 1), placeAt(places, index)];
    const step = distance(from, to);
    if (step === 0 || gone + step < due) {
      gone += step;
      continue;
    }
    const part = (due - gone) / step;
    const [dx, dy] = [(to[0] - from[0]) / step, (to[1] - from[1]) / step];
    const tip: Place = [from[0] + part * (to[0] - from[0]) + 3 * dx, from[1] + part * (to[1] - from[1]) + 3 * dy];
    const [left, right]: [Place, Place] = [
      [tip[0] - 7 * dx + 3 * dy, tip[1] - 7 * dy - 3 * dx],
      [tip[0] - 7 * dx - 3 * dy, tip[1] - 7 * dy + 3 * dx],
    ];
    heads.push(`M${at(tip)}L${at(left)}L${at(right)}Z`);
    due += every;
    gone += step;
  }
  return heads.join("");
}
