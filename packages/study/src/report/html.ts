/** Markup that is already escaped. */
export interface Markup {
  readonly markup: string;
}

type Content = string | number | Markup | null | undefined | false | readonly Content[];

/**
 * HTML or SVG from a template. Inserted values are escaped unless they are markup; lists are joined; `null`,
 * `undefined` and `false` insert nothing.
 */
export function html(strings: TemplateStringsArray, ...contents: readonly Content[]): Markup {
  return { markup: strings.reduce((text, part, index) => text + toMarkup(contents[index - 1]) + part) };
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
