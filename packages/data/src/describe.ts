import { showShape } from "@sluice/tensor/internal";
import type { Dataset, Examples } from "./dataset.ts";

/** What {@link describe} reads: a data set, or anything with a name and a provenance, such as the tables of {@link nafld}. */
export type Describable = Pick<Dataset, "name" | "provenance"> & Partial<Dataset>;

/**
 * Says in lines of text what a data set is: the splits and their tensors, classes, source, licence, citation, files with
 * sizes and checksums, how it was split, and what results must not be compared with. Reads no values.
 *
 *     console.log(describe(await digits()).join("\n"));
 */
export function describe({ name, provenance, classes, ...set }: Describable): readonly string[] {
  const { source, licence, citation, bytes, files, split, caution } = provenance;
  const splits = (["train", "validation", "test"] as const).flatMap((part) => {
    const examples = set[part];
    return examples === undefined ? [] : [`${part}: ${countOf(examples)} examples`];
  });
  const sums = Object.entries(files);
  return [
    name,
    ...(splits.length === 0 ? [] : [splits.join(", ")]),
    ...(set.train === undefined ? [] : [`each example: ${tensorsOf(set.train)}`]),
    ...(classes === undefined ? [] : [`${classes.length} classes: ${shortened(classes)}`]),
    `source: ${source}`,
    `licence: ${licence}`,
    ...(citation === undefined ? [] : [`cite: ${citation}`]),
    ...(bytes === undefined ? [] : [`size: ${bytes.toLocaleString("en-US")} bytes`]),
    ...sums.map(([file, sum]) => `file: ${file}, SHA-256 ${sum}`),
    `splits: ${split}`,
    `caution: ${caution}`,
  ];
}

const countOf = (examples: Examples): string => (Object.values(examples)[0]?.shape[0] ?? 0).toLocaleString("en-US");

/** `x f32 [28,28], y i32 []`: what one example has. */
const tensorsOf = (examples: Examples): string =>
  Object.entries(examples)
    .map(([name, { dtype, shape }]) => `${name} ${dtype} ${showShape(shape.slice(1))}`)
    .join(", ");

function shortened(names: readonly string[]): string {
  const most = 12;
  const shown = names.slice(0, most).map((name) => (/^[\x21-\x7e]+$/.test(name) ? name : JSON.stringify(name)));
  return names.length > most ? `${shown.join(", ")}, ...` : shown.join(", ");
}
