import { LEVELS, levelColour, series, surface, textOn, type Colour, type Ramp } from "./palette.ts";

/**
 * `auto` follows `prefers-color-scheme`. `light` and `dark` are fixed, and have plain colours without CSS variables,
 * for programs that are not browsers.
 */
export type Theme = "auto" | "light" | "dark";

export const themes: readonly Theme[] = ["auto", "light", "dark"];

type Shade = "light" | "dark";

const FONT = 'system-ui,-apple-system,"Segoe UI",Inter,Roboto,"Helvetica Neue","Liberation Sans",Arial,sans-serif';

/** The class of the `svg` element, with which every rule begins. A page may hold figures of several themes. */
export const themeClass = (theme: Theme): string => `sluice-figure sluice-${theme}`;

/** The style of a figure. Figures of one theme have the same rules, so it does no harm if a page repeats them. */
export function styleOf(theme: Theme): string {
  const colours = Object.entries(surface).concat(series.map((colour, index) => [`c${index}`, colour]));
  const value = (name: string, colour: Colour): string =>
    theme === "auto" ? `var(--sluice-${name},${colour.light})` : colour[theme];
  const of = (name: keyof typeof surface): string => value(name, surface[name]);
  const root = `.sluice-${theme}`;
  const variables = (shade: Shade): string =>
    colours.map(([name, colour]) => `--sluice-${name}:${colour[shade]}`).join(";");
  const rules = [
    [" text", `font:12px ${FONT};fill:${of("soft")}`],
    [" .title", `font-weight:600;font-size:13px;fill:${of("ink")}`],
    [" .page", `fill:${of("page")}`],
    [" .grid", `stroke:${of("rule")};stroke-width:.8;fill:none`],
    [" .base", `stroke:${of("soft")};stroke-width:.9;fill:none`],
    [" .level", `stroke:${of("ink")};stroke-width:1;stroke-dasharray:2 3;fill:none`],
    [" .ink", `fill:${of("ink")}`],
    [" .over", `paint-order:stroke;stroke:${of("page")};stroke-width:3px;stroke-linejoin:round`],
    [" .line", "fill:none;stroke:currentColor;stroke-width:1.8;stroke-linejoin:round;stroke-linecap:butt"],
    [" .path", "fill:none;stroke:currentColor;stroke-width:1.2;stroke-linejoin:round;stroke-opacity:.65"],
    [" .band", "fill:currentColor;fill-opacity:.16"],
    [" .dot", "fill:currentColor"],
    [" .open", `fill:${of("page")};stroke:currentColor;stroke-width:1.6`],
    [" .halo", `stroke:${of("page")};stroke-width:.8`],
    [" .dots", "fill:none;stroke:currentColor;stroke-width:2.6;stroke-linecap:round;stroke-opacity:.6"],
    [" .hover", "fill:transparent"],
    [" .label", "fill:currentColor;font-weight:600"],
    [" .bar", "fill:currentColor"],
    [" .under", `stroke:${of("page")};stroke-width:3.4;fill:none`],
    [" .whisker", `stroke:${of("ink")};stroke-width:1.2;fill:none`],
    [" .minus", `stroke:${of("page")};stroke-width:1.4;stroke-opacity:.9;fill:none`],
    [" .missing", `stroke:${of("soft")};stroke-width:.8;stroke-opacity:.7;fill:none`],
    ...series.map((colour, index) => [` .c${index}`, `color:${value(`c${index}`, colour)}`]),
  ];
  const shades =
    theme === "auto"
      ? `${root}{${variables("light")}}@media (prefers-color-scheme:dark){${root}{${variables("dark")}}}`
      : "";
  return shades + rules.map(([selector, declarations]) => `${root}${selector}{${declarations}}`).join("");
}

/** The fills of a ramp's levels, as classes with this prefix; with `printed`, of the text that directly follows a cell. */
export function rampStyle(
  theme: Theme,
  prefix: string,
  { ramp, printed }: { readonly ramp: Ramp; readonly printed: boolean },
): string {
  const rules = (shade: Shade): string =>
    Array.from({ length: LEVELS }, (_, level) => {
      const fill = levelColour(ramp[shade], level);
      const selector = `.sluice-${theme} .${prefix}${level}`;
      return `${selector}{fill:${fill}}${printed ? `${selector}+text{fill:${textOn(fill)}}` : ""}`;
    }).join("");
  if (theme !== "auto") return rules(theme);
  return `${rules("light")}@media (prefers-color-scheme:dark){${rules("dark")}}`;
}
