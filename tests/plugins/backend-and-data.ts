// A backend and a data set, held to what every backend and every data set must pass.
import { test } from "node:test";
import type { Dataset } from "@sluice/data";
import { datasetSuite } from "@sluice/data/testing";
import { key, keyFor, normal, reference, tensor, valuesOf, type ArrayTensor, type Backend } from "@sluice/tensor";
import { backendSuite } from "@sluice/tensor/testing";

/** The reference backend, which counts what it compiles. */
function counting(): Backend & { readonly compiled: () => number } {
  const inner = reference();
  let compiled = 0;
  return {
    ...inner,
    name: "counting",
    compiled: () => compiled,
    compile(...given) {
      compiled++;
      return inner.compile(...given);
    },
  };
}

for (const { name, skip, run } of backendSuite(counting, { runs: 2 })) test(name, { skip: skip !== undefined }, run);

/** Points of the plane, and whether they lie right of the middle. */
function sides({ key: root }: { readonly key: ArrayTensor }): Dataset {
  const split = (name: string, count: number) => {
    const x = normal(keyFor(root, name), [count, 2]);
    return { x, y: tensor(Int32Array.from({ length: count }, (_, i) => Number(valuesOf(x)[2 * i]! > 0))) };
  };
  return {
    name: "sides",
    train: split("train", 20),
    validation: split("validation", 10),
    test: split("test", 10),
    classes: ["left", "right"],
    provenance: {
      source: "generated: y = x_1 > 0 of standard normal points",
      licence: "none",
      files: {},
      split: "drawn apart",
      caution: "A toy; compare nothing with it.",
    },
  };
}

const tensors = { x: { shape: [2], dtype: "f32" }, y: { shape: [], dtype: "i32" } } as const;
const suite = datasetSuite((given = key(1)) => sides({ key: given }), { tensors, key: key(2), examples: 40 });
for (const { name, skip, run } of suite) test(name, { skip: skip !== undefined }, run);
