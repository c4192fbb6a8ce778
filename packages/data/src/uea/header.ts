import { suggestion } from "@sluice/tensor/internal";
import type { Fail } from "../error.ts";

/** What the lines before the series say. */
export interface Header {
  /** The index of the `@data` line. */
  readonly start: number;
  readonly problem: string;
  /** Whether each line ends with a class, a number to predict, or neither. */
  readonly ends: "class" | "target" | "nothing";
  /** The names of the classes; empty unless lines end with a class. */
  readonly classes: readonly string[];
  /** Whether values are pairs of a time stamp and a value. */
  readonly timeStamps: boolean;
  /** Whether values may be missing, if the header says. */
  readonly missing: boolean | undefined;
  /** Channels of each series, if the header says so. */
  readonly dimensions: number | undefined;
  /** Whether all series have one length, and which, if the header says so. */
  readonly equal: boolean;
  readonly seriesLength: number | undefined;
}

/** The tags of a header, in lower case, with their usual spelling. */
const tags = new Map(
  [
    "problemName",
    "timeStamps",
    "missing",
    "univariate",
    "dimension",
    "dimensions",
    "equalLength",
    "seriesLength",
    "classLabel",
    "targetLabel",
  ].map((tag) => [tag.toLowerCase(), tag]),
);

/** Where a tag stands, and what it says. */
interface Tag {
  readonly place: string;
  readonly text: string;
}

/** Reads the lines up to `@data`. */
export function headerOf(lines: readonly string[], fail: Fail): Header {
  const start = lines.findIndex((line) => /^@data$/i.test(line.trim()));
  if (start < 0)
    return fail(`line ${lines.length}`, "it has no @data line, so it is not a .ts file, or it is truncated");
  const header = tagsOf(lines.slice(0, start), fail);
  const place = `line ${start + 1}`;
  const seriesLength = countOf(header, "serieslength", fail);
  const equal = truthOf(header, "equallength", fail) ?? false;
  return {
    start,
    problem: header.get("problemname")?.text ?? "",
    ...endOf(header, place, fail),
    timeStamps: truthOf(header, "timestamps", fail) ?? false,
    missing: truthOf(header, "missing", fail),
    dimensions: dimensionsOf(header, fail),
    equal,
    seriesLength: equal ? seriesLength : undefined,
  };
}

function tagsOf(lines: readonly string[], fail: Fail): Map<string, Tag> {
  const header = new Map<string, Tag>();
  lines.forEach((line, at) => {
    const [place, text] = [`line ${at + 1}`, line.trim()];
    if (text === "" || text.startsWith("#")) return;
    const [, tag = "", value = ""] = /^@(\S+)\s*(.*)$/.exec(text) ?? [];
    if (tag === "")
      fail(place, `"${shortened(text)}" stands before @data, but is neither a tag such as @classLabel nor a comment`);
    const name = tag.toLowerCase();
    if (!tags.has(name)) fail(place, `the tag @${tag} is unknown; ${suggestion(tag, [...tags.values()])}`);
    if (header.has(name)) fail(place, `the tag @${tag} comes a second time`);
    header.set(name, { place, text: value.trim() });
  });
  return header;
}

function truthOf(header: ReadonlyMap<string, Tag>, name: string, fail: Fail): boolean | undefined {
  const tag = header.get(name);
  if (tag === undefined) return undefined;
  const text = tag.text.toLowerCase();
  if (text === "true" || text === "false") return text === "true";
  return fail(tag.place, `its @${tags.get(name)} line says "${tag.text}", expected true or false`);
}

function countOf(header: ReadonlyMap<string, Tag>, name: string, fail: Fail): number | undefined {
  const tag = header.get(name);
  if (tag === undefined) return undefined;
  return /^[1-9]\d{0,8}$/.test(tag.text)
    ? Number(tag.text)
    : fail(tag.place, `its @${tags.get(name)} line says "${tag.text}", expected an integer of at least 1`);
}

function dimensionsOf(header: ReadonlyMap<string, Tag>, fail: Fail): number | undefined {
  const [counts, count] = [countOf(header, "dimensions", fail), countOf(header, "dimension", fail)];
  const tag = header.get("dimensions") ?? header.get("dimension");
  if (tag === undefined) return truthOf(header, "univariate", fail) === true ? 1 : undefined;
  const said = counts ?? count;
  if (count !== undefined && count !== said)
    fail(tag.place, `its @dimensions line says ${said}, but its @dimension line ${count}`);
  if (truthOf(header, "univariate", fail) === true && said !== 1)
    fail(tag.place, `it has ${said} dimensions, but @univariate is true`);
  return said;
}

/** What a line ends with, from `@classLabel` and `@targetLabel`. */
function endOf(header: ReadonlyMap<string, Tag>, data: string, fail: Fail): Pick<Header, "ends" | "classes"> {
  const [label, target] = [header.get("classlabel"), header.get("targetlabel")];
  const predicted = truthOf(header, "targetlabel", fail) === true;
  const [labelled = "", ...classes] = label?.text.split(/\s+/) ?? [];
  if (label !== undefined && !/^(true|false)$/i.test(labelled))
    fail(label.place, `its @classLabel line says "${labelled}", expected true or false`);
  const classed = labelled.toLowerCase() === "true";
  if (classed && predicted) fail(target?.place ?? data, "it has both classes and a @targetLabel");
  if (predicted) return { ends: "target", classes: [] };
  if (!classed) {
    if (label === undefined && target === undefined)
      fail(data, "its header has neither a @classLabel nor a @targetLabel line");
    if (classes.length > 0) fail(label?.place ?? data, "its @classLabel line says false, but names classes");
    return { ends: "nothing", classes: [] };
  }
  if (classes.length === 0) fail(label?.place ?? data, "its @classLabel line names no classes");
  const repeated = classes.find((name, index) => classes.indexOf(name) !== index);
  if (repeated !== undefined) fail(label?.place ?? data, `its @classLabel line names the class "${repeated}" twice`);
  const separator = classes.find((name) => /[:,()]/.test(name));
  if (separator !== undefined)
    fail(label?.place ?? data, `the class "${separator}" has a ":", "," or bracket, which separate values`);
  return { ends: "class", classes };
}

/** The beginning of a text, for errors. */
export function shortened(text: string): string {
  return text.length > 40 ? `${text.slice(0, 40)}...` : text;
}
