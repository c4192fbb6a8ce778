import { describe, expect, test } from "vitest";
import {
  channels,
  diverging,
  LEVELS,
  levelColour,
  sequential,
  series,
  surface,
  textOn,
  type Colour,
} from "./palette.ts";

/**
 * How dichromats see linear RGB: Machado, Oliveira and Fernandes 2009 (https://doi.org/10.1109/TVCG.2009.113), severity
 * 1.0.
 */
const visions = {
  normal: [
    [1, 0, 0],
    [0, 1, 0],
    [0, 0, 1],
  ],
  protanopia: [
    [0.152286, 1.052583, -0.204868],
    [0.114503, 0.786281, 0.099216],
    [-0.003882, -0.048116, 1.051998],
  ],
  deuteranopia: [
    [0.367322, 0.860646, -0.227968],
    [0.280085, 0.672501, 0.047413],
    [-0.01182, 0.04294, 0.968881],
  ],
  tritanopia: [
    [1.255528, -0.076749, -0.178779],
    [-0.078411, 0.930809, 0.147602],
    [0.004733, 0.691367, 0.3039],
  ],
} as const;

type Vision = keyof typeof visions;
const names = Object.keys(visions) as Vision[];
const shades = ["light", "dark"] as const;

/** Linear intensities of `#rrggbb` (IEC 61966-2-1). */
const intensities = (text: string): number[] =>
  channels(text).map((channel) => {
    const value = channel / 255;
    return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
  });

/** L*, a*, b* (CIE 1976, D65) of a colour as someone sees it. */
function lab(text: string, vision: Vision): [number, number, number] {
  const seen = visions[vision].map((row) =>
    Math.max(
      0,
      Math.min(
        1,
        intensities(text).reduce((sum, value, i) => sum + row[i]! * value, 0),
      ),
    ),
  );
  const [red, green, blue] = seen as [number, number, number];
  const f = (t: number): number => (t > 216 / 24389 ? Math.cbrt(t) : ((24389 / 27) * t + 16) / 116);
  const x = f((0.4124564 * red + 0.3575761 * green + 0.1804375 * blue) / 0.95047);
  const y = f(0.2126729 * red + 0.7151522 * green + 0.072175 * blue);
  const z = f((0.0193339 * red + 0.119192 * green + 0.9503041 * blue) / 1.08883);
  return [116 * y - 16, 500 * (x - y), 200 * (y - z)];
}

const distance = (a: string, b: string, vision: Vision): number => {
  const [p, q] = [lab(a, vision), lab(b, vision)];
  return Math.hypot(...p.map((value, i) => value - q[i]!));
};

const lightness = (text: string): number => lab(text, "normal")[0];

/** The contrast of WCAG 2. */
function contrast(a: string, b: string): number {
  const luminance = (text: string): number => {
    const [red, green, blue] = intensities(text) as [number, number, number];
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
  };
  const [p, q] = [luminance(a), luminance(b)];
  return (Math.max(p, q) + 0.05) / (Math.min(p, q) + 0.05);
}

const pairs = <T>(list: readonly T[]): [T, T][] => list.flatMap((a, i) => list.slice(i + 1).map((b): [T, T] => [a, b]));

test("the measures are those of their definitions", () => {
  expect(contrast("#000000", "#ffffff")).toBeCloseTo(21, 10);
  expect(lab("#ffffff", "normal")[0]).toBeCloseTo(100, 4);
  // L*, a*, b* of sRGB's red under D65.
  lab("#ff0000", "normal").forEach((value, i) => expect(value).toBeCloseTo([53.24, 80.09, 67.2][i]!, 1));
  // Red and green of one lightness are what protanopes and deuteranopes confuse.
  expect(distance("#b06a6a", "#708a50", "deuteranopia")).toBeLessThan(distance("#b06a6a", "#708a50", "normal") / 3);
});

describe.each(shades)("in the %s theme", (shade) => {
  const page = surface.page[shade];

  test("all text has a contrast of at least 4.5", () => {
    for (const name of ["ink", "soft"] as const)
      expect(contrast(surface[name][shade], page), name).toBeGreaterThan(4.5);
    series.forEach((colour, index) => expect(contrast(colour[shade], page), `colour ${index}`).toBeGreaterThan(4.5));
  });

  test.each(names)("the colours of lines and points differ: %s", (vision) => {
    for (const [a, b] of pairs(series))
      expect(distance(a[shade], b[shade], vision), `${a[shade]} ${b[shade]}`).toBeGreaterThan(12);
  });

  test("the colours of lines and points differ in grey, the first four most", () => {
    const apart = (a: Colour, b: Colour): number => Math.abs(lightness(a[shade]) - lightness(b[shade]));
    for (const [a, b] of pairs(series)) expect(apart(a, b), `${a[shade]} ${b[shade]}`).toBeGreaterThan(3.5);
    for (const [a, b] of pairs(series.slice(0, 4))) expect(apart(a, b), `${a[shade]} ${b[shade]}`).toBeGreaterThan(6.5);
  });

  test("numbers in cells have a contrast of at least 4.5", () => {
    for (const ramp of [sequential, diverging])
      for (let level = 0; level < LEVELS; level += 1) {
        const colour = levelColour(ramp[shade], level);
        expect(contrast(colour, textOn(colour)), colour).toBeGreaterThan(4.5);
      }
  });

  test("a sequential palette goes from the page's lightness to the ink's, in even steps, for everyone", () => {
    const towardsInk = shade === "light" ? -1 : 1;
    for (const vision of names) {
      const values = Array.from(
        { length: LEVELS },
        (_, level) => lab(levelColour(sequential[shade], level), vision)[0],
      );
      for (let level = 1; level < LEVELS; level += 1)
        expect(towardsInk * (values[level]! - values[level - 1]!), `${vision} ${level}`).toBeGreaterThan(0.3);
    }
  });

  test("a diverging palette goes from zero to both ends in lightness, and both signs differ for every dichromat", () => {
    const middle = (LEVELS - 1) / 2;
    const towardsInk = shade === "light" ? -1 : 1;
    const at = (level: number): string => levelColour(diverging[shade], level);
    for (const vision of names)
      for (let away = 1; away <= middle; away += 1) {
        for (const side of [-1, 1]) {
          const [outer, inner] = [at(middle + side * away), at(middle + side * (away - 1))];
          expect(towardsInk * (lab(outer, vision)[0] - lab(inner, vision)[0])).toBeGreaterThan(0);
        }
        // From a quarter of the way on.
        if (away >= middle / 4) expect(distance(at(middle - away), at(middle + away), vision)).toBeGreaterThan(20);
      }
  });
});
