// Options of the liquid cells, and where they coincide.
import { key, mapTree, tensor, valuesOf } from "@sluice/tensor";
import { describe, expect, test } from "vitest";
import { cfc, ltc, sequence } from "../index.ts";

const sizes = { input: 2, hidden: 3 };

describe("cfc", () => {
  test("names its layers, the first one split into W and U", () => {
    expect(cfc({ ...sizes, backboneLayers: 2, backboneUnits: 4 }).params).toMatchObject({
      W: { shape: [2, 4] },
      U: { shape: [3, 4] },
      layers: [{ W: { shape: [4, 4] } }, { W: { shape: [4, 12] } }],
    });
    expect(cfc({ ...sizes, backboneLayers: 0 }).params).toMatchObject({ W: { shape: [2, 12] }, layers: [] });
  });

  test("errors", () => {
    expect(() => cfc({ ...sizes, mode: JSON.parse('"no_gate"') })).toThrow("cfc: unknown mode no_gate");
    expect(() => cfc({ ...sizes, backboneLayers: -1 })).toThrow(
      "cfc: the number of hidden layers must be an integer >= 0, got -1",
    );
    expect(() => cfc({ ...sizes, backboneUnits: 0 })).toThrow(
      "cfc: the width of the hidden layers must be an integer >= 1, got 0",
    );
  });
});

describe("ltc", () => {
  test("of no time keeps its state", () => {
    const layer = sequence(ltc({ ...sizes, outputMapping: false }));
    const h = tensor([0.5, -1, 2], [1, 3]);
    const x = tensor([1, 2], [1, 1, 2]);
    const elapsed = tensor([0], [1, 1, 1]);
    const { state } = layer.apply(layer.init(key(1)), x, { state: { h }, extra: { elapsed } });
    valuesOf(state.h).forEach((value, i) => expect(value).toBeCloseTo(valuesOf(h)[i] ?? NaN, 6));
  });

  test("without synapses goes to vleak, as slowly as cm / gleak says", () => {
    const none = (rows: number): number[][] => Array.from({ length: rows }, () => [0, 0, 0]);
    const options = {
      outputMapping: false,
      conductances: "constraint",
      wiring: none(3),
      sensoryWiring: none(2),
    } as const;
    const layer = sequence(ltc({ ...sizes, ...options, unfolds: 500 }));
    const drawn = layer.init(key(1), { dtype: "f64" });
    const params = {
      ...drawn,
      cm: mapTree(drawn.cm, (cm) =>
        tensor(
          valuesOf(cm).map(() => 0.5),
          [3],
          { dtype: "f64" },
        ),
      ),
    };
    const x = tensor([1, 2], [1, 1, 2], { dtype: "f64" });
    const elapsed = tensor([1.5], [1, 1, 1], { dtype: "f64" });
    const { state } = layer.apply(params, x, { extra: { elapsed } });
    valuesOf(state.h).forEach((value, i) => {
      const [gleak, vleak] = [valuesOf(params.gleak)[i] ?? NaN, valuesOf(params.vleak)[i] ?? NaN];
      // From 0: vleak (1 - exp(-gleak t / cm)).
      expect(value).toBeCloseTo(vleak * (1 - Math.exp((-gleak * 1.5) / 0.5)), 3);
    });
  });

  test("errors", () => {
    expect(() => ltc({ ...sizes, unfolds: 0 })).toThrow("ltc: unfolds must be an integer >= 1, got 0");
    expect(() => ltc({ ...sizes, outputs: 4 })).toThrow("ltc: outputs must be at most the 3 hidden neurons, got 4");
    expect(() => ltc({ ...sizes, wiring: [[1, 0]] })).toThrow(
      "ltc: wiring must be 3 rows of 3 numbers 0 or 1, got [[1,0]]",
    );
    expect(() => ltc({ ...sizes, conductances: JSON.parse('"relu"') })).toThrow("ltc: unknown conductances relu");
  });
});
