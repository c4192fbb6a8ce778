/** The laws that hold for every data set, each a function of a subject that rejects where it is broken. */
import { sha256Later } from "@sluice/formats";
import { valuesOf, type Tensor } from "@sluice/tensor";
import { sameShape, showShape, sizeOf } from "@sluice/tensor/internal";
import { expectThat } from "@sluice/tensor/testing";
import type { Dataset, Examples } from "../dataset.ts";
import type { Subject } from "./dataset-suite.ts";

type SplitName = "train" | "validation" | "test";
const splits: readonly SplitName[] = ["train", "validation", "test"];

/** Name, source, licence, splits, caution, a citation and a size if they are given, and a SHA-256 for each file. */
export async function described({ set }: Subject): Promise<void> {
  const { name, provenance } = await set();
  const { source, licence, split, caution, files, citation, bytes } = provenance;
  for (const [part, text] of Object.entries({ name, source, licence, split, caution, citation }))
    expectThat(`${part} is empty`, text?.trim() !== "");
  expectThat(
    `bytes is ${bytes}, expected an integer >= 1`,
    bytes === undefined || (Number.isInteger(bytes) && bytes > 0),
  );
  for (const [file, sum] of Object.entries(files))
    expectThat(
      `the SHA-256 of ${file} is ${JSON.stringify(sum)}, expected 64 hexadecimal digits`,
      /^[0-9a-f]{64}$/.test(sum),
    );
}

/** Every split, empty ones too, has the documented tensors, with as many rows each. */
export async function shaped({ set, tensors }: Subject): Promise<void> {
  const made = await set();
  for (const split of splits) {
    const examples = made[split];
    const [found, expected] = [Object.keys(examples), Object.keys(tensors)].map((names) => names.toSorted().join(", "));
    expectThat(`${split} has the tensors ${found}, documented are ${expected}`, found === expected);
    const counts = new Set<number | undefined>();
    for (const [name, x] of Object.entries(examples)) {
      const { shape = [], dtype } = tensors[name] ?? {};
      const [count, ...rest] = x.shape;
      counts.add(count);
      expectThat(
        `${split}.${name} is ${x.dtype} ${showShape(x.shape)}, documented is ${dtype} ${showShape(shape)} for each example`,
        x.dtype === dtype && sameShape(rest, shape),
      );
    }
    expectThat(`the tensors of ${split} have ${[...counts].join(" and ")} rows`, counts.size <= 1);
  }
}

/** No NaN and no infinity; bools are 0 or 1. */
export async function finite({ set }: Subject): Promise<void> {
  const made = await set();
  for (const split of splits) {
    for (const [name, x] of Object.entries(made[split])) {
      const fits = (v: number): boolean => (x.dtype === "bool" ? v === 0 || v === 1 : Number.isFinite(v));
      const at = valuesOf(x).findIndex((v) => !fits(v));
      expectThat(`${split}.${name} has ${valuesOf(x)[at]} at ${at}`, at < 0);
    }
  }
}

/**
 * Where there are `lengths`, they are i32, from 0 to the steps of each tensor of sequences, `[examples, time, ...]`,
 * and `x` is zero beyond them.
 */
export async function lengths({ set }: Subject): Promise<void> {
  const made = await set();
  for (const split of splits) {
    const { lengths: given, x } = made[split];
    if (given === undefined || x === undefined) continue;
    expectThat(`${split}.lengths is not i32 [examples]`, given.dtype === "i32" && given.shape.length === 1);
    const [, time = 0] = x.shape;
    const width = sizeOf(x.shape.slice(2));
    valuesOf(given).forEach((length, row) => {
      expectThat(`${split}: example ${row} has the length ${length} of ${time} steps`, length >= 0 && length <= time);
      const beyond = valuesOf(x).subarray((row * time + length) * width, (row + 1) * time * width);
      expectThat(
        `${split}: x of example ${row} is not zero beyond its length ${length}`,
        beyond.every((v) => v === 0),
      );
    });
  }
}

/** Where classes have names, `y` is i32 and each number has one, and no two classes have the same. */
export async function classes({ set }: Subject): Promise<void> {
  const made = await set();
  if (made.classes === undefined) return;
  const names = made.classes;
  expectThat(`two classes have one name: ${names.join(", ")}`, new Set(names).size === names.length);
  for (const split of splits) {
    const { y } = made[split];
    expectThat(`classes have names, but ${split}.y is ${y?.dtype ?? "not there"}, expected i32`, y?.dtype === "i32");
    if (y === undefined) continue;
    const at = valuesOf(y).findIndex((n) => names[n] === undefined);
    expectThat(`${split}.y has the class ${valuesOf(y)[at]} at ${at}; there are ${names.length} names`, at < 0);
  }
}

/** No example, all its tensors taken together, stands in two splits. */
export async function disjoint({ set }: Subject): Promise<void> {
  const made = await set();
  const seen = new Map<string, string>();
  for (const split of splits) {
    rowsOf(made[split]).forEach((row, i) => {
      const other = seen.get(row);
      expectThat(`example ${i} of ${split} is also ${other}`, other === undefined || other.startsWith(split));
      seen.set(row, `${split}, example ${i}`);
    });
  }
}

/** All examples are in the splits. */
export async function complete({ set, examples }: Subject): Promise<void> {
  const made = await set();
  const counts = splits.map((split) => countOf(made[split]));
  const total = counts.reduce((sum, n) => sum + n, 0);
  expectThat(`the splits have ${counts.join(" + ")} = ${total} examples, of ${examples}`, total === examples);
}

/** Nothing depends on the time, on what was made before, or on another source of chance. */
export async function repeated({ make, set }: Subject): Promise<void> {
  const [first, second] = [await set(), await make()];
  const other = differenceOf(first, second);
  expectThat(`made twice, ${other} differs`, other === undefined);
  expectThat(
    "made twice, name, provenance or classes differ",
    JSON.stringify([first.name, first.provenance, first.classes]) ===
      JSON.stringify([second.name, second.provenance, second.classes]),
  );
}

/** The key is what the examples are drawn from: another gives others, and the same the same. */
export async function keyed({ make, set, key }: Subject): Promise<void> {
  const [first, second, again] = [await set(), await make(key), await make(key)];
  expectThat("the examples are the same with another key", differenceOf(first, second) !== undefined);
  const other = differenceOf(second, again);
  expectThat(`made twice with one key, ${other} differs`, other === undefined);
}

/** Each file that the data set names has the sum that it names, and all together have the size, if it names one. */
export async function checksums({ set, read }: Subject): Promise<void> {
  const { files, bytes } = (await set()).provenance;
  let size = 0;
  for (const [file, sum] of Object.entries(files)) {
    const contents = (await read?.(file)) ?? new Uint8Array();
    const found = await sha256Later(contents);
    expectThat(`${file} has the SHA-256 ${found}, the data set names ${sum}`, found === sum);
    size += contents.length;
  }
  expectThat(`the files have ${size} bytes, the data set names ${bytes}`, bytes === undefined || size === bytes);
}

const countOf = (examples: Examples): number => Object.values(examples)[0]?.shape[0] ?? 0;

/** Each example as text: the values of all its tensors. */
function rowsOf(examples: Examples): string[] {
  const tensors = Object.values(examples);
  return Array.from({ length: countOf(examples) }, (_, i) => tensors.map((x) => rowOf(x, i)).join(";"));
}

function rowOf(x: Tensor, i: number): string {
  const width = sizeOf(x.shape.slice(1));
  return valuesOf(x)
    .subarray(i * width, (i + 1) * width)
    .join();
}

/** The first tensor that is not the same, to the bit. */
function differenceOf(a: Dataset, b: Dataset): string | undefined {
  for (const split of splits) {
    const names = new Set([...Object.keys(a[split]), ...Object.keys(b[split])]);
    for (const name of names) {
      const [x, y] = [a[split][name], b[split][name]];
      if (x === undefined || y === undefined || !sameShape(x.shape, y.shape)) return `${split}.${name}`;
      const values = valuesOf(y);
      if (!valuesOf(x).every((v, i) => Object.is(v, values[i]))) return `${split}.${name}`;
    }
  }
  return undefined;
}
