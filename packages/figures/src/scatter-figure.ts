import { TensorError } from "@sluice/tensor";
import { shown } from "@sluice/tensor/internal";
import { BELOW, endOf, horizontalAxis, leftOf, nothing, topOf, verticalAxis, within, type Box } from "./axes.ts";
import { svgOf, type Drawing } from "./drawing.ts";
import { rangeOf } from "./estimates.ts";
import { keyOf, type KeyItem } from "./key.ts";
import { colourOf, marker } from "./marks.ts";
import { element, pixels, type Markup } from "./markup.ts";
import { axisText, checkAxis, checkCount, checkExtent, checkFigure, type Axis, type FigureOptions } from "./options.ts";
import { series } from "./palette.ts";
import { linearScale, logScale, type Scale } from "./scale.ts";
import { drawnPath, drawnPoints, type Plane } from "./scatter-marks.ts";

/** Points of one kind. */
export interface Points {
  readonly x: ArrayLike<number>;
  readonly y: ArrayLike<number>;
  /** What a pointer over each point shows, besides its place. */
  readonly names?: ArrayLike<string>;
  /** Whether their markers are filled. Default true. */
  readonly filled?: boolean;
}

/** A path through a plane, in order of time. NaN interrupts it. */
export interface Trajectory {
  readonly x: ArrayLike<number>;
  readonly y: ArrayLike<number>;
}

/** What a plane is compared with. */
export type Guide =
  { readonly circle: number } | { readonly from: readonly [number, number]; readonly to: readonly [number, number] };

/** Points and paths in a plane. */
export interface ScatterData {
  readonly x: Axis;
  readonly y: Axis;
  /** By kind. Kinds differ in colour and marker; there are at most eight, with those of the paths. */
  readonly points?: Readonly<Record<string, Points>>;
  /** By kind. Each begins with an open circle and has arrowheads. */
  readonly paths?: Readonly<Record<string, readonly Trajectory[]>>;
  /** Dashed lines, and circles around the origin. */
  readonly guides?: readonly Guide[];
}

/** Options of {@link scatterFigure}. The default height is 420. */
export interface ScatterOptions extends FigureOptions {
  /** Whether a unit is as long on both axes, one of which is then widened. Default: if there is a circle. */
  readonly equal?: boolean;
  /** The ends of the horizontal axis. Default: the range of points and paths. */
  readonly xExtent?: readonly [number, number];
  /** The ends of the vertical axis. */
  readonly yExtent?: readonly [number, number];
}

/**
 * Points of several kinds and paths through a plane, as an SVG. A pointer over a point shows its place. More than 2,000
 * points of one kind are drawn as dots.
 *
 * Throws a TensorError if x and y differ in length, for more than eight kinds, or for `equal` with a logarithmic axis.
 */
export function scatterFigure(data: ScatterData, options: ScatterOptions = {}): string {
  const size = checkFigure("scatterFigure", options, { own: ["equal", "xExtent", "yExtent"], height: 420 });
  checkExtent("scatterFigure", options.xExtent);
  checkExtent("scatterFigure", options.yExtent);
  check(data, options);
  return svgOf(drawing(data, { ...options, ...size }), options.theme);
}

function check({ x, y, points = {}, paths = {}, guides = [] }: ScatterData, { equal }: ScatterOptions): void {
  const operation = "scatterFigure";
  checkAxis(operation, "x", x);
  checkAxis(operation, "y", y);
  const kinds = Object.keys(points).length + Object.keys(paths).length;
  if (kinds > series.length)
    throw new TensorError(
      `${operation}: ${kinds} kinds of points and paths, but only ${series.length} can be told apart`,
    );
  for (const [kind, group] of Object.entries(points)) {
    checkCount(operation, `y of ${kind}`, group.y, group.x.length);
    if (group.names !== undefined) checkCount(operation, `names of ${kind}`, group.names, group.x.length);
  }
  for (const [kind, list] of Object.entries(paths))
    list.forEach((path, index) => checkCount(operation, `y of path ${index} of ${kind}`, path.y, path.x.length));
  if (equal === true && (x.log === true || y.log === true))
    throw new TensorError(`${operation}: equal needs two linear axes`);
  for (const guide of guides)
    if (!("circle" in guide ? [guide.circle] : [...guide.from, ...guide.to]).every(Number.isFinite))
      throw new TensorError(
        `${operation}: a guide must be a { circle } or { from, to } of numbers, got ${shown(guide)}`,
      );
}

type Sized = ScatterOptions & { readonly width: number; readonly height: number };

function drawing(data: ScatterData, options: Sized): Drawing {
  const { width, height, title } = options;
  const { x, y, points = {}, paths = {}, guides = [] } = data;
  const pathKinds = Object.keys(paths);
  const pointKinds = Object.keys(points);
  const items = [
    ...pointKinds.map((label, index): KeyItem => {
      const filled = points[label]?.filled ?? true;
      return { label, colour: colourOf(index), sample: (px, py) => marker(index, [px, py], { filled }) };
    }),
    ...pathKinds.map((label, index): KeyItem => {
      const d = (px: number, py: number): string => `M${pixels(px - 11)},${pixels(py)}h22`;
      const colour = colourOf(pointKinds.length + index);
      return { label, colour, sample: (px, py) => element("path", { class: "path", d: d(px, py) }) };
    }),
  ];
  const key = keyOf(items.length > 1 ? items : [], width, topOf(title));
  const plane = planeOf(data, { ...options, top: topOf(title) + key.height });
  const { box } = plane;
  const some = [...Object.values(points), ...Object.values(paths).flat()].some(({ x: xs, y: ys }) =>
    Array.from(xs).some((value, index) => plane.usable(value, ys[index] ?? Number.NaN)),
  );
  const body = [
    ...key.body,
    element("path", {
      class: "grid",
      d: marksOf(plane.x)
        .map(({ place }) => `M${pixels(place)},${pixels(box.top)}V${pixels(box.bottom)}`)
        .join(""),
    }),
    ...verticalAxis(box, axisText(y), marksOf(plane.y)),
    ...horizontalAxis(box, axisText(x), marksOf(plane.x), width),
    within(
      box,
      guides.map((guide) => drawnGuide(guide, plane)),
      pathKinds.map((kind, index) =>
        element(
          "g",
          { class: `c${colourOf(pointKinds.length + index)}` },
          (paths[kind] ?? []).map((path) => drawnPath(path, plane, kind)),
        ),
      ),
      pointKinds.map((kind, index) => drawnPoints(points[kind] ?? { x: [], y: [] }, plane, { kind, index, x, y })),
    ),
    ...(some ? [] : [nothing(box)]),
  ];
  const kinds = [...pointKinds, ...pathKinds].join(", ");
  const described = `${axisText(y)} against ${axisText(x)}${kinds === "" ? "" : `: ${kinds}`}.`;
  return { width, height, title, description: options.description ?? described, body };
}

function planeOf({ x, y, ...rest }: ScatterData, options: Sized & { readonly top: number }): Plane {
  const { width, height, top, xExtent, yExtent } = options;
  const usable = (px: number, py: number): boolean =>
    Number.isFinite(px) && Number.isFinite(py) && (x.log !== true || px > 0) && (y.log !== true || py > 0);
  const places = placesOf(rest).filter(([px, py]) => usable(px, py));
  const range = (part: 0 | 1, axis: Axis): readonly [number, number] =>
    rangeOf(places.map((place) => place[part])) ?? (axis.log === true ? [0.1, 1] : [0, 1]);
  let [xs, ys] = [xExtent ?? padded(range(0, x), x), yExtent ?? padded(range(1, y), y)];
  const bottom = endOf(top, height - BELOW);
  const equal = options.equal ?? rest.guides?.some((guide) => "circle" in guide) ?? false;
  // The labels of the vertical axis depend on its range, and this on the room that they leave.
  let [left, yScale] = [0, scaleOf(y, ys, [bottom, top], 45)];
  for (let pass = 0; pass < 2; pass += 1) {
    left = leftOf(
      yScale.ticks.map(({ label }) => label),
      axisText(y),
    );
    if (equal) [xs, ys] = sameUnits(xs, ys, (endOf(left, width - 18) - left) / (bottom - top));
    yScale = scaleOf(y, ys, [bottom, top], 45);
  }
  const right = endOf(left, width - 18);
  const box: Box = { left, right, top, bottom };
  return { box, x: scaleOf(x, xs, [left, right], 80), y: yScale, usable };
}

function placesOf({ points = {}, paths = {}, guides = [] }: Omit<ScatterData, "x" | "y">): [number, number][] {
  const all = [...Object.values(points), ...Object.values(paths).flat()];
  return [
    ...all.flatMap(({ x, y }) => Array.from(x, (value, index): [number, number] => [value, y[index] ?? Number.NaN])),
    ...guides.flatMap((guide): [number, number][] =>
      "circle" in guide
        ? [
            [-guide.circle, -guide.circle],
            [guide.circle, guide.circle],
          ]
        : [[...guide.from], [...guide.to]],
    ),
  ];
}

/** A twentieth more at both ends, so that no marker lies on the axis. */
function padded([low, high]: readonly [number, number], { log }: Axis): readonly [number, number] {
  if (log === true) return [low, high];
  const by = high / 20 - low / 20;
  return [low - by, high + by];
}

/** Widens one of two ranges, so that both have the same units per pixel. */
function sameUnits(
  xs: readonly [number, number],
  ys: readonly [number, number],
  aspect: number,
): [readonly [number, number], readonly [number, number]] {
  const [across, up] = [xs[1] - xs[0] || 1, ys[1] - ys[0] || 1];
  const wide = Math.max(across, up * aspect);
  if (!Number.isFinite(wide)) return [xs, ys];
  const around = ([low, high]: readonly [number, number], size: number): readonly [number, number] => [
    (low + high) / 2 - size / 2,
    (low + high) / 2 + size / 2,
  ];
  return [around(xs, wide), around(ys, wide / aspect)];
}

function scaleOf(
  axis: Axis,
  [low, high]: readonly [number, number],
  range: readonly [number, number],
  room: number,
): Scale {
  const ticks = Math.max(2, Math.min(8, Math.floor(Math.abs(range[1] - range[0]) / room)));
  return axis.log === true ? logScale(low, high, range, ticks) : linearScale(low, high, range, { ticks, tight: true });
}

function drawnGuide(guide: Guide, plane: Plane): Markup {
  if (!("circle" in guide)) {
    const at = ([x, y]: readonly [number, number]): string => `${pixels(plane.x.place(x))},${pixels(plane.y.place(y))}`;
    return element("path", { class: "level", d: `M${at(guide.from)}L${at(guide.to)}` });
  }
  const [cx, cy] = [plane.x.place(0), plane.y.place(0)];
  const [rx, ry] = [plane.x.place(guide.circle) - cx, cy - plane.y.place(guide.circle)];
  return element("ellipse", { class: "level", cx, cy, rx, ry });
}

function marksOf(scale: Scale): { place: number; label: string }[] {
  return scale.ticks.map(({ value, label }) => ({ place: scale.place(value), label }));
}
