import { element, pixels, type Markup } from "./markup.ts";
import { diverging, LEVELS, sequential, type Ramp } from "./palette.ts";
import { linearScale, type Scale } from "./scale.ts";
import { fitted, textWidth } from "./text.ts";

/** How values become colours. */
export interface ValueRamp {
  readonly colours: Ramp;
  /** The beginning of the classes of its levels: `s` or `d`. */
  readonly prefix: string;
  readonly low: number;
  readonly high: number;
  /** 0 to `LEVELS - 1`. Values beyond the ends have the colour of the end. */
  level(value: number): number;
}

interface RampOptions {
  readonly palette?: "sequential" | "diverging";
  readonly extent?: readonly [number, number];
}

/** The colours for values of this range. */
export function rampOf(range: readonly [number, number] | null, { palette, extent }: RampOptions): ValueRamp {
  const [least, most] = extent ?? range ?? [0, 1];
  const both = (palette ?? (least < 0 ? "diverging" : "sequential")) === "diverging";
  const largest = Math.max(Math.abs(least), Math.abs(most)) || 1;
  const [low, high] =
    extent ??
    (both ? [-largest, largest] : least === most ? [Math.min(0, least), Math.max(most, 0) || 1] : [least, most]);
  const level = (value: number): number => {
    const span = high / 2 - low / 2;
    const part = span > 0 ? (value / 2 - low / 2) / span : 0.5;
    return Math.max(0, Math.min(LEVELS - 1, Math.round(part * (LEVELS - 1))));
  };
  return { colours: both ? diverging : sequential, prefix: both ? "d" : "s", low, high, level };
}

interface BarPlace {
  readonly right: number;
  readonly top: number;
  readonly bottom: number;
  readonly text: string;
}

/** The colours with their values, at the right of a figure, and where it begins. */
export function colourBar(
  ramp: ValueRamp,
  { right, top, bottom, text }: BarPlace,
): { readonly body: Markup[]; readonly left: number } {
  const scale: Scale = linearScale(ramp.low, ramp.high, [bottom, top], {
    ticks: Math.max(2, Math.min(6, Math.floor((bottom - top) / 36))),
    tight: true,
  });
  const labels = Math.max(...scale.ticks.map(({ label }) => textWidth(label)), 0);
  const left = Math.floor(right - 18 - labels - 8 - 12);
  const part = (bottom - top) / LEVELS;
  const body = [
    ...Array.from({ length: LEVELS }, (_, level) =>
      // Half a pixel more, so that no page shows between two levels.
      element("rect", {
        class: `${ramp.prefix}${level}`,
        x: left,
        y: bottom - (level + 1) * part,
        width: 12,
        height: part + (level === 0 ? 0 : 0.5),
      }),
    ),
    element("path", {
      class: "base",
      d: scale.ticks.map(({ value }) => `M${left + 12},${pixels(scale.place(value))}h4`).join(""),
    }),
    ...scale.ticks.map(({ value, label }) => element("text", { x: left + 19, y: scale.place(value) + 4 }, label)),
    element(
      "text",
      { transform: `translate(${pixels(right)} ${pixels((top + bottom) / 2)}) rotate(-90)`, "text-anchor": "middle" },
      fitted(text, bottom - top + 40),
    ),
  ];
  return { body, left };
}
