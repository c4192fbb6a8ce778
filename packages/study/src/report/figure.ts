import type { Axis } from "@sluice/figures";
import { html, linearScale, logScale, spreadOut, unbroken, type Markup, type Scale } from "@sluice/figures/internal";
import { extremes } from "../statistics/summary.ts";

export interface Point {
  readonly x: number;
  readonly centre: number;
  readonly low: number;
  readonly high: number;
}

export interface Line {
  readonly label: string;
  /** Index into the palette. */
  readonly colour: number;
  readonly points: readonly Point[];
  /** The points at which a seed ended early. */
  readonly crosses?: readonly { readonly x: number; readonly y: number }[];
}

export interface Panel {
  readonly title: string;
  readonly x: Axis;
  readonly y: Axis;
  readonly lines: readonly Line[];
  /** Vertical range, for panels that should be comparable; by default the range of the lines. */
  readonly extent?: readonly [number, number];
}

const WIDTH = 460;
const HEIGHT = 280;
const TOP = 30;
const BOTTOM = 44;
const LEFT = 62;
const LABEL_HEIGHT = 14;

/** Where a panel's values are drawn. */
interface Frame {
  /** Where the lines end. */
  readonly right: number;
  /** The lowest value of the vertical axis. */
  readonly low: number;
  readonly xScale: Scale;
  readonly yScale: Scale;
  /** Whether the vertical axis can show a value. */
  usable(value: number): boolean;
  /** A point as the path of an SVG writes it. */
  at(x: number, y: number): string;
}

function frameOf({ y, lines, extent }: Panel): Frame {
  const longest = Math.max(0, ...lines.map((line) => line.label.length));
  const right = WIDTH - Math.min(150, 16 + longest * 6.6);
  const [low, high] = extent ?? extentOf(lines, y);
  const xs = extremes(lines.flatMap((line) => line.points.map((point) => point.x)));
  const xScale = linearScale(xs.low, xs.high, [LEFT, right], { tight: true });
  const yRange = [HEIGHT - BOTTOM, TOP] as const;
  const yScale = y.log === true ? logScale(low, high, yRange, 6) : linearScale(low, high, yRange);
  return {
    right,
    low,
    xScale,
    yScale,
    usable: (value) => Number.isFinite(value) && (y.log !== true || value > 0),
    at: (px, py) => `${round(xScale.place(px))},${round(yScale.place(py))}`,
  };
}

/** A panel of lines with bands, as an SVG that uses the page's colors. Labels are at the ends of the lines. */
export function panel(given: Panel): Markup {
  const { title, x, y, lines } = given;
  const frame = frameOf(given);
  const { right } = frame;
  return html`<svg
    class="panel"
    viewBox="0 0 ${WIDTH} ${HEIGHT}"
    role="img"
    aria-label="${title}: ${axisText(y)} over ${axisText(x)}"
  >
    <text class="title" x="${LEFT}" y="12">${title}</text>
    ${grid(frame)}
    <path class="base" d="M${LEFT},${HEIGHT - BOTTOM}H${round(right)}" />
    <text class="axis" x="${round((LEFT + right) / 2)}" y="${HEIGHT - 8}" text-anchor="middle">${axisText(x)}</text>
    <text class="axis" transform="translate(11 ${round((TOP + HEIGHT - BOTTOM) / 2)}) rotate(-90)" text-anchor="middle">
      ${axisText(y)}
    </text>
    ${lines.map((line) => drawnLine(line, frame))}${endLabels(lines, frame)}
  </svg>`;
}

function grid({ right, xScale, yScale }: Frame): Markup {
  return html`<g class="grid">
      ${yScale.ticks.map((tick) => html`<path d="M${LEFT},${round(yScale.place(tick.value))}H${round(right)}" />`)}
    </g>
    <g class="ticks">
      ${yScale.ticks.map((tick) => html`<text x="${LEFT - 7}" y="${round(yScale.place(tick.value) + 3.5)}" text-anchor="end">${tick.label}</text>`)}${xScale.ticks.map(
        (tick) =>
          html`<path d="M${round(xScale.place(tick.value))},${HEIGHT - BOTTOM}v4" /><text
              x="${round(xScale.place(tick.value))}"
              y="${HEIGHT - BOTTOM + 16}"
              text-anchor="middle"
              >${tick.label}</text
            >`,
      )}
    </g>`;
}

/** A line with its band, in as many runs as it has gaps, and its crosses. */
function drawnLine(line: Line, { low, usable, at }: Frame): Markup {
  const runs = unbroken(line.points, (point) => usable(point.centre));
  return html`<g class="line c${line.colour}"
    >${runs.map((run) => {
      const upper = run.map((point) => at(point.x, usable(point.high) ? point.high : point.centre));
      const lower = run
        .map((point) => at(point.x, usable(point.low) ? point.low : Math.min(low, point.centre)))
        .reverse();
      const banded = run.some((point) => point.low !== point.high);
      const middle = run.map((point) => at(point.x, point.centre));
      return html`${banded && html`<path class="band" d="M${[...upper, ...lower].join("L")}Z" />`}${
        run.length === 1
          ? html`<circle class="dot" cx="${middle[0]?.split(",")[0]}" cy="${middle[0]?.split(",")[1]}" r="3" />`
          : html`<path class="mean" d="M${middle.join("L")}" />`
      }`;
    })}${(line.crosses ?? [])
      .filter((cross) => usable(cross.y))
      .map((cross) => {
        const [cx = "0", cy = "0"] = at(cross.x, cross.y).split(",");
        return html`<path class="cross" d="M${Number(cx) - 4},${Number(cy) - 4}l8,8m0,-8l-8,8" />`;
      })}</g
  >`;
}

function endLabels(lines: readonly Line[], { right, xScale, yScale, usable }: Frame): Markup[] {
  return spreadOut(
    lines.flatMap((line) => {
      const last = line.points.findLast((point) => usable(point.centre));
      return last === undefined ? [] : [{ line, x: xScale.place(last.x), y: yScale.place(last.centre) }];
    }),
    { top: TOP, bottom: HEIGHT - BOTTOM, height: LABEL_HEIGHT },
  ).map(
    ({ line, y: place }) =>
      html`<text class="label c${line.colour}" x="${right + 7}" y="${round(place + 4)}">${line.label}</text>`,
  );
}

/** Lowest and highest value that the axis can show. */
export function extentOf(lines: readonly Line[], y: Axis): [number, number] {
  const values = lines
    .flatMap((line) => line.points.flatMap((point) => [point.low, point.centre, point.high]))
    .filter((value) => Number.isFinite(value) && (y.log !== true || value > 0));
  if (values.length === 0) return y.log === true ? [0.1, 1] : [0, 1];
  const { low, high } = extremes(values);
  return [low, high];
}

function axisText({ label, unit }: Axis): string {
  return unit === undefined ? label : `${label} (${unit})`;
}

const round = (value: number): number => Math.round(value * 10) / 10;
