import { hanging } from "./layout.ts";

/**
 * The help of a command at a width. Options come wrapped; the text after them is wrapped here: paragraphs as a whole,
 * entries of lists below their beginning, and examples of commands so that they can still be copied.
 */
export function fittedHelp(text: string, width: number): string {
  if (!Number.isFinite(width)) return text;
  return text.split("\n").reduce<string[]>(joinParagraphs, []).flatMap(fit).join("\n");

  function fit(line: string): readonly string[] {
    if (line.length <= width) return [line];
    if (/^ +(sluice|npm) /.test(line)) return brokenCommand(line, width);
    // An entry of a list goes on below its explanation, a line that is indented below its beginning.
    const [indent = ""] = /^( +\S+ {2,}| *)/.exec(line) ?? [];
    return hanging(line, { width, indent: indent.length });
  }
}

/** Adds a line; lines of one paragraph become one. */
function joinParagraphs(lines: string[], line: string): string[] {
  const before = lines.at(-1) ?? "";
  const isText = (one: string): boolean => /^\S/.test(one) && !one.endsWith(":");
  return isText(before) && isText(line) ? [...lines.slice(0, -1), `${before} ${line}`] : [...lines, line];
}

/** A shell takes the lines together again, also between quotation marks. */
const brokenCommand = (command: string, width: number): readonly string[] =>
  hanging(command, { width: width - 2, indent: 4 }).map((line, index, all) =>
    index < all.length - 1 ? `${line} \\` : line,
  );
