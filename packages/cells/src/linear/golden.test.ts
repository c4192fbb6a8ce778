// Linear recurrences against the numbers of other packages (fixtures/cells/README.md).
import { concat, full, split, transpose } from "@sluice/tensor";
import { test } from "vitest";
import { goldenTests, type GoldenCell } from "../../../../fixtures/cells/golden-cells.ts";
import { minGru } from "../index.ts";

const cells: readonly GoldenCell[] = [
  {
    source: "minGRU-pytorch",
    file: "min-gru",
    cell: (sizes) => minGru(sizes),
    params(given) {
      const [n, z] = split(transpose(given("to_hidden_and_gate.weight")), 2);
      return { W: concat([z, n], 1), b: full([8], 0, "f64") };
    },
  },
];

for (const { name, run } of goldenTests(cells)) test(name, run);
