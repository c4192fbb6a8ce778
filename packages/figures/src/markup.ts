/** Markup that is already escaped. */
export interface Markup {
  readonly markup: string;
}

export type Content = string | number | Markup | null | undefined | false | readonly Content[];

/**
 * HTML or SVG from a template. Inserted values are escaped unless they are markup; lists are joined; `null`,
 * `undefined` and `false` insert nothing.
 */
export function html(strings: TemplateStringsArray, ...contents: readonly Content[]): Markup {
  return { markup: strings.reduce((text, part, index) => text + toMarkup(contents[index - 1]) + part) };
}

/** An SVG element. Attributes that are `undefined` are left out, and numbers are rounded to a tenth of a pixel. */
export function element(
  name: string,
  attributes: Readonly<Record<string, string | number | undefined>>,
  ...contents: readonly Content[]
): Markup {
  const written = Object.entries(attributes).map(([key, value]) =>
    value === undefined ? "" : ` ${key}="${escape(typeof value === "number" ? pixels(value) : value)}"`,
  );
  const inner = toMarkup(contents);
  const open = `<${name}${written.join("")}`;
  return { markup: inner === "" ? `${open}/>` : `${open}>${inner}</${name}>` };
}

/** A position in a figure, to a tenth of a pixel. */
export function pixels(value: number): string {
  return String(Math.round(value * 10) / 10 || 0);
}

function toMarkup(content: Content): string {
  if (content === null || content === undefined || content === false) return "";
  if (isList(content)) return content.map(toMarkup).join("");
  if (typeof content === "object") return content.markup;
  return escape(String(content));
}

function isList(content: Content): content is readonly Content[] {
  return Array.isArray(content);
}

const ENTITIES: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};

function escape(text: string): string {
  return text.replaceAll(/[&<>"']/g, (character) => ENTITIES[character] ?? character);
}
