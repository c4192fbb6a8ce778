import { readFileSync } from "node:fs";
import { z } from "zod";
import { messageOf, studyError, suggestion } from "@sluice/study";

/** What a column of a table, or a member of a configuration, may say of a trial. */
export const PARTS = [
  "task",
  "variant",
  "seed",
  "fold",
  "step",
  "trial",
  "status",
  "reason",
  "seconds",
  "finished",
  "parameters",
  "weights",
] as const;
export type Part = (typeof PARTS)[number];

const text = z.string().min(1);
/** One column, or several of which a line has one. */
const partNames = z.partialRecord(z.enum(PARTS), z.union([text, z.array(text).min(1)]));
const metric = z.union([text, z.strictObject({ column: text, times: z.number().optional() })]);
const names = z.strictObject({
  task: z.record(z.string(), text).optional(),
  variant: z.record(z.string(), text).optional(),
  status: z.record(z.string(), z.enum(["done", "diverged", "failed"])).optional(),
});
const files = z.strictObject({
  config: text.optional(),
  metrics: text.optional(),
  final: text.optional(),
  weights: text.optional(),
  keep: z.array(text).optional(),
});

const schema = z.strictObject({
  columns: partNames.optional(),
  fixed: z
    .strictObject({ task: text.optional(), variant: text.optional(), seed: z.int().min(0).optional() })
    .optional(),
  names: names.optional(),
  metrics: z.record(z.string(), metric).optional(),
  settings: z.record(z.string(), text).optional(),
  files: files.optional(),
  source: text.optional(),
  by: text.optional(),
  hardware: text.optional(),
  software: text.optional(),
  commit: text.optional(),
});

/** How trials that ran elsewhere are read: the content of a mapping file. */
export type Mapping = z.infer<typeof schema>;

const KNOWN: Readonly<Record<string, readonly string[]>> = {
  "": Object.keys(schema.shape),
  columns: PARTS,
  fixed: ["task", "variant", "seed"],
  names: Object.keys(names.shape),
  files: Object.keys(files.shape),
};

/**
 * Reads a mapping file.
 *
 * @throws an error that names the member that is wrong.
 */
export function readMapping(path: string): Mapping {
  let given: unknown;
  try {
    given = JSON.parse(readFileSync(path, "utf8"));
  } catch (error) {
    throw studyError(`--as ${path}: cannot be read: ${messageOf(error)}`, error);
  }
  const checked = schema.safeParse(given);
  if (checked.success) return checked.data;
  const problems = checked.error.issues.flatMap((issue) => {
    const where = issue.path.join(".");
    if (issue.code !== "unrecognized_keys") return [`"${where}": ${issue.message}`];
    const known = KNOWN[String(issue.path[0] ?? "")] ?? [];
    return issue.keys.map(
      (key) => `unknown member "${where === "" ? key : `${where}.${key}`}": ${suggestion(key, known)}`,
    );
  });
  throw studyError(`--as ${path}: ${problems.join("; ")}`);
}

/** What the options of the command say, which wins over the mapping file. */
export function overMapping(below: Mapping, above: Mapping): Mapping {
  const defined = Object.fromEntries(Object.entries(above).filter(([, value]) => value !== undefined));
  return {
    ...below,
    ...defined,
    columns: { ...below.columns, ...above.columns },
    fixed: { ...below.fixed, ...above.fixed },
    names: { ...below.names, ...above.names },
    metrics: { ...below.metrics, ...above.metrics },
    settings: { ...below.settings, ...above.settings },
    files: { ...below.files, ...above.files },
  };
}

/** `name=column` as an option gives it, several times. */
export function pairsOf(option: string, texts: readonly string[]): Readonly<Record<string, string>> {
  return Object.fromEntries(
    texts.map((given): [string, string] => {
      const at = given.indexOf("=");
      if (at < 1 || at === given.length - 1)
        throw studyError(
          `${option} ${given}: expected a name of Sluice and a column, such as ${EXAMPLES[option] ?? "a=b"}`,
        );
      return [given.slice(0, at), given.slice(at + 1)];
    }),
  );
}

const EXAMPLES: Readonly<Record<string, string>> = {
  "--column": "variant=model",
  "--metric": "accuracy=val_acc",
  "--setting": "optimizer.rate=lr",
};

/** Columns of parts, from options. */
export function partsOf(texts: readonly string[]): NonNullable<Mapping["columns"]> {
  const pairs = pairsOf("--column", texts);
  const wrong = Object.keys(pairs).find((name) => !PARTS.some((part) => part === name));
  if (wrong !== undefined)
    throw studyError(
      `--column ${wrong}=${pairs[wrong] ?? ""}: "${wrong}" is no part of a trial; ${suggestion(wrong, PARTS)}`,
    );
  return partNames.parse(pairs);
}
