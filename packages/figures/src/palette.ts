/** A colour in both themes, as `#rrggbb`. */
export interface Colour {
  readonly light: string;
  readonly dark: string;
}

const colour = (light: string, dark: string): Colour => ({ light, dark });

/** The page, its text, and what is secondary on it. */
export const surface = {
  page: colour("#fdfdfb", "#15171a"),
  ink: colour("#1b1d1f", "#e8e6e1"),
  soft: colour("#5c6166", "#a0a39f"),
  rule: colour("#dcdcd6", "#33373c"),
} as const;

/**
 * Eight colours for lines, points and bars. They were found by a search for the largest smallest distance over normal
 * vision and three dichromacies, with some distance in grey, above all between the first four. All are dark (or light)
 * enough for text on the page.
 */
export const series: readonly Colour[] = [
  colour("#15508e", "#45a2e1"),
  colour("#c25116", "#fe9e51"),
  colour("#446a48", "#a5dea8"),
  colour("#6d1763", "#ab6ba6"),
  colour("#643f03", "#fedb54"),
  colour("#3c333a", "#e3ecef"),
  colour("#207393", "#3dd4ef"),
  colour("#6540b7", "#937af8"),
];

/** Colours along which values are interpolated, from the lowest to the highest. */
export interface Ramp {
  readonly light: readonly string[];
  readonly dark: readonly string[];
}

/** For magnitudes. Low values are near the page's colour, and high values stand out, in both themes. */
export const sequential: Ramp = {
  light: ["#f4f6e4", "#c9e3c0", "#86c3bd", "#4697b5", "#2a639c", "#1a3070"],
  dark: ["#1d2340", "#2b4a86", "#2f7ba8", "#4fabaf", "#9ad3a6", "#f3f2b5"],
};

/** For values of both signs: blue below zero, orange above. Zero is near the page's colour. */
export const diverging: Ramp = {
  light: ["#0b3c7c", "#3b7fbf", "#9cc3e3", "#f3f2ee", "#f2b482", "#cf6a1d", "#7d2f00"],
  dark: ["#bfe0ff", "#5ea3e6", "#2c5b8f", "#26292d", "#93511f", "#e68a3c", "#ffdcae"],
};

/** How many colours a ramp is divided into. Odd, so that the middle is one of them. */
export const LEVELS = 65;

/** The colour of a level, from 0 to `LEVELS - 1`. */
export function levelColour(anchors: readonly string[], level: number): string {
  const at = (level / (LEVELS - 1)) * (anchors.length - 1);
  const index = Math.min(Math.floor(at), anchors.length - 2);
  const [from, to] = [channels(anchors[index] ?? "#000000"), channels(anchors[index + 1] ?? "#000000")];
  const mixed = from.map((value, channel) => Math.round(value + (at - index) * ((to[channel] ?? 0) - value)));
  return `#${mixed.map((value) => value.toString(16).padStart(2, "0")).join("")}`;
}

/** Red, green and blue of `#rrggbb`, 0 to 255. */
export function channels(text: string): [number, number, number] {
  const part = (at: number): number => Number.parseInt(text.slice(at, at + 2), 16);
  return [part(1), part(3), part(5)];
}

/** Black or white, whichever can be read better on a colour. */
export function textOn(background: string): "#000000" | "#ffffff" {
  const [red, green, blue] = channels(background);
  // The relative luminance of WCAG 2, where sRGB is taken as the power 2.2 of which squares are near: only the
  // comparison counts.
  const luminance = 0.2126 * linear(red) + 0.7152 * linear(green) + 0.0722 * linear(blue);
  return luminance > 0.179 ? "#000000" : "#ffffff";
}

/** About the linear intensity of an sRGB channel; exact within 0.01, with operations that have the same bits everywhere. */
function linear(channel: number): number {
  const value = channel / 255;
  return value * (value * (value * 0.305306011 + 0.682171111) + 0.012522878);
}
