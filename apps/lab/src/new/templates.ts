import { readFileSync } from "node:fs";
import type { ProjectName } from "./project-name.ts";

/** What the code of a project is written in. */
export const LANGUAGES = ["typescript", "javascript"] as const;
export type Language = (typeof LANGUAGES)[number];

/** What the files of a language end in. */
export const endingOf = (language: Language): "ts" | "js" => (language === "typescript" ? "ts" : "js");

/** The names that stand in the templates for those of a project: of a cell, and of a clipper. */
const PLACEHOLDERS = { package: /soft-(gate|clip)/g, code: /soft(Gate|Clip)/g, words: /soft (gate|clip)/g };

/**
 * A file of `templates`, with the names of a project. The templates of code are written in TypeScript;
 * `scripts/templates.js` makes the JavaScript ones of them.
 */
export function templateText(file: string, name: ProjectName): string {
  const text = readFileSync(new URL(`../../templates/${file}`, import.meta.url), "utf8");
  return text
    .replaceAll(PLACEHOLDERS.package, name.package)
    .replaceAll(PLACEHOLDERS.code, name.code)
    .replaceAll(PLACEHOLDERS.words, name.words);
}

/** A template of code whose imports of `from` are those of `to`, both without their endings. */
export function codeTemplate(
  template: string,
  {
    name,
    language,
    imports = {},
  }: {
    readonly name: ProjectName;
    readonly language: Language;
    readonly imports?: { readonly [from: string]: string };
  },
): string {
  const ending = endingOf(language);
  return Object.entries(imports).reduce(
    (text, [from, to]) => text.replaceAll(`from "${from}.${ending}"`, `from "${to}.${ending}"`),
    templateText(`${language}/${template}.${ending}`, name),
  );
}
