// Cells that read elapsed times against the numbers of other packages (fixtures/cells/README.md).
import { concat, reshape, sliceAxis, transpose, type Tensor, type Tree } from "@sluice/tensor";
import { test } from "vitest";
import type { CellCase } from "../../../../fixtures/cells/fixture-of.ts";
import { goldenTests, type GoldenCell, type Named } from "../../../../fixtures/cells/golden-cells.ts";
import { cfc, ltc, type CfcMode } from "../index.ts";

const modes: Readonly<Record<string, CfcMode>> = { default: "default", no_gate: "noGate", pure: "pure" };

/** Units i and j of ncps's sparse case are joined where i + j is even. */
const even = (from: number, to: number): number[][] =>
  Array.from({ length: from }, (_, i) => Array.from({ length: to }, (_, j) => Number((i + j) % 2 === 0)));

const cells: readonly GoldenCell[] = [
  {
    source: "ncps",
    file: "cfc",
    cell: (sizes, { options }) =>
      cfc({
        ...sizes,
        mode: modes[String(options["mode"] ?? "default")] ?? "default",
        backboneLayers: Number(options["backbone_layers"]),
        ...(options["backbone_layers"] === 0 ? {} : { backboneUnits: Number(options["backbone_units"]) }),
        ...(options["backbone_activation"] === "tanh" ? { backboneActivation: "tanh" } : {}),
      }),
    params: cfcParams,
  },
  {
    source: "ncps",
    file: "ltc",
    cell: (sizes, { options }) => {
      const sparse = options["wiring"] === "sparse";
      return ltc({
        ...sizes,
        conductances: options["implicit_param_constraints"] === true ? "softplus" : "constraint",
        inputMapping: options["input_mapping"] !== null,
        outputMapping: options["output_mapping"] !== null,
        unfolds: Number(options["ode_unfolds"] ?? 6),
        ...(sparse
          ? { outputs: 2, wiring: even(sizes.hidden, sizes.hidden), sensoryWiring: even(sizes.input, sizes.hidden) }
          : {}),
      });
    },
    params: ltcParams,
  },
];

for (const { name, run } of goldenTests(cells)) test(name, run);

function cfcParams(given: Named, { options }: CellCase): Tree {
  const heads = options["mode"] === "pure" ? ["ff1"] : ["ff1", "ff2", "time_a", "time_b"];
  const last = {
    W: concat(
      heads.map((name) => transpose(given(`${name}.weight`))),
      1,
    ),
    b: concat(
      heads.map((name) => given(`${name}.bias`)),
      0,
    ),
  };
  const backbone = Array.from({ length: Number(options["backbone_layers"]) }, (_, i) => ({
    W: transpose(given(`backbone.${2 * i}.weight`)),
    b: given(`backbone.${2 * i}.bias`),
  }));
  const [first = last, ...layers] = [...backbone, last];
  const flat = (x: Tensor): Tensor => reshape(x, [4]);
  return {
    W: sliceAxis(first.W, 0, 0, 3),
    U: sliceAxis(first.W, 0, 3, 7),
    b: first.b,
    layers,
    ...(options["mode"] === "pure" ? { w: flat(given("w_tau")), A: flat(given("A")) } : {}),
  };
}

function ltcParams(given: Named, { options }: CellCase): Tree {
  const synapses = (prefix: string): Record<string, Tree> =>
    Object.fromEntries(["w", "mu", "sigma", "erev"].map((name) => [name, given(prefix + name)]));
  const mapping = (side: string): Record<string, Tree> =>
    options[`${side}_mapping`] === null ? {} : { [`${side}_w`]: given(`${side}_w`), [`${side}_b`]: given(`${side}_b`) };
  return {
    sensory: synapses("sensory_"),
    synapses: synapses(""),
    cm: given("cm"),
    gleak: given("gleak"),
    vleak: given("vleak"),
    ...mapping("input"),
    ...mapping("output"),
  };
}
