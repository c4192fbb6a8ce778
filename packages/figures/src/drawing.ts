import { element, type Markup } from "./markup.ts";
import { styleOf, themeClass, type Theme } from "./style.ts";
import { fitted } from "./text.ts";

/** What is drawn, with its size in pixels. */
export interface Drawing {
  readonly width: number;
  readonly height: number;
  readonly title: string | undefined;
  readonly description: string;
  readonly body: readonly Markup[];
  /** Rules beyond those of every figure. */
  readonly style?: string;
  /** Default `img`; `group` where the body is of several images. */
  readonly role?: "img" | "group";
}

/** A whole figure. It has no ids, so any number of figures can stand in one page. */
export function svgOf(drawing: Drawing, theme: Theme = "auto"): string {
  const { width, height, title, description, body, style = "", role = "img" } = drawing;
  return element(
    "svg",
    {
      xmlns: "http://www.w3.org/2000/svg",
      class: themeClass(theme),
      viewBox: `0 0 ${width} ${height}`,
      width,
      height,
      style: "max-width:100%;height:auto",
      role,
      "aria-label": title === undefined ? description : `${title}. ${description}`,
    },
    element("title", {}, title ?? description),
    element("desc", {}, description),
    { markup: `<style>${styleOf(theme)}${style}</style>` },
    element("rect", { class: "page", width, height }),
    title !== undefined && element("text", { class: "title", x: 12, y: 18 }, fitted(title, width - 24, 14.5)),
    body,
  ).markup;
}
