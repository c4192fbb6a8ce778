/*
 * What other packages need to draw pages and figures of their own. It may change with any version.
 */
export { html, type Markup } from "./markup.ts";
export { grouped, log10 } from "./numbers.ts";
export { dashOf } from "./marks.ts";
export { series, surface } from "./palette.ts";
export { linearScale, logScale, type LinearOptions, type Scale, type Tick } from "./scale.ts";
export { spreadOut } from "./text.ts";
export { unbroken } from "./estimates.ts";
