import { lstm, sequence } from "@sluice/cells";
import { key, normal, square, sum, tensor, type Tensor } from "@sluice/tensor";
import { describe, expect, test } from "vitest";
import { gatesOverTime, gradientFlow, saturation } from "../index.ts";
import {
  ablationFigure,
  attributionFigure,
  eigenvalueFigure,
  fixedPointFigure,
  gateFigure,
  gradientFlowFigure,
  lyapunovFigure,
  patternFigure,
  probeFigure,
  saturationFigure,
  similarityFigure,
  singularValueFigure,
} from "./index.ts";

const layer = sequence(lstm({ input: 2, hidden: 3 }));
const params = layer.init(key(1));
const x = normal(key(2), [4, 12, 2]);

/** How many paths of lines a figure has. */
const lines = (svg: string): number => svg.match(/class="line" d/g)?.length ?? 0;
const told = (svg: string): string[] => [...svg.matchAll(/<title>([^<]*)<\/title>/g)].map(([, text = ""]) => text);
/** The texts in a figure. */
const texts = (svg: string): string[] => [...svg.matchAll(/<text[^>]*>([^<]*)/g)].map(([, text = ""]) => text);
/** Values row by row. */
const matrix = (...rows: number[][]): Tensor => tensor(rows.flat(), [rows.length, rows[0]!.length], { dtype: "f64" });

describe("gates", () => {
  const { traces } = layer.apply(params, x, { traces: true });

  test("each gate has a panel with its mean and band, and the values of its statistics", () => {
    const gates = gatesOverTime(traces);
    const svg = gateFigure(gates, { title: "Gates" });
    expect(svg).toContain('aria-label="Gates. input; forget; candidate; output"');
    expect(svg.match(/class="band"/g)).toHaveLength(4);
    const [mean, deviation] = [gates.forget!.mean, gates.forget!.deviation].map(
      (y) => (y as { data: Float32Array }).data[5]!,
    );
    const told5 = new RegExp(`^mean: ${mean!.toFixed(4)}, ${(mean! - deviation!).toFixed(4)} to .*; step 5$`);
    expect(told(svg).some((text) => told5.test(text))).toBe(true);
  });

  test("steps that no row has are gaps", () => {
    const nan = tensor([0.5, 0.5, Number.NaN, 0.5, 0.5]);
    expect(lines(gateFigure({ gate: { mean: nan, deviation: nan, low: nan, high: nan } }))).toBe(6);
  });

  test("each unit is a point of the saturation plane", () => {
    const svg = saturationFigure({ forget: saturation(traces["forget"]!), input: saturation(traces["input"]!) });
    expect(told(svg).filter((text) => /^forget, unit \d: fraction of steps closed/.test(text))).toHaveLength(3);
    expect(texts(svg)).toContain("fraction of steps open");
  });
});

test("the gradient of each state is a line, and 0 is drawn at a floor", () => {
  const flow = gradientFlow(
    (perturbations) => sum(square(layer.apply(params, x, { perturbations }).output)),
    layer.perturbations({ batch: 4, time: 12 }),
  );
  const svg = gradientFlowFigure(flow);
  expect(lines(svg)).toBe(2);
  // A perturbation of c at the last step changes nothing.
  expect(told(svg)).toContain("dL/dc: 0; step 11");
  expect(texts(svg).some((text) => text.startsWith("0 and values below"))).toBe(true);
  expect(gradientFlowFigure(tensor([1, 1e-3, 1e-9]), { floor: 1e-6 })).toContain("1.00×10⁻⁶");
});

describe("dynamics", () => {
  test("singular values are lines; of many, quantiles", () => {
    const few = tensor([2, 1, 0.5, 3, 1, 0.25], [1, 2, 3]);
    expect(lines(singularValueFigure(few))).toBe(3);
    expect(told(singularValueFigure(few))).toContain("σ3: 0.2500; step 1");
    const many = tensor(
      Float64Array.from({ length: 2 * 4 * 9 }, (_, i) => 10 - (i % 9)),
      [2, 4, 9],
    );
    const svg = singularValueFigure(many, { row: 1 });
    expect(lines(svg)).toBe(5);
    expect(told(svg)).toContain("upper quartile: 8.000; step 3");
  });

  test("a Lyapunov spectrum has the mean over rows and the estimates so far", () => {
    const exponents = matrix([0.1, -1, -Infinity], [0.3, -2, -3]);
    const running = tensor([Number.NaN, Number.NaN, 0.2, -1, 0.1, -1], [1, 3, 2]);
    expect(told(lyapunovFigure({ exponents }))).toContain(
      "mean of 2 rows: 0.2000 nats per step, 0.1000 to 0.3000; rank 1",
    );
    expect(told(lyapunovFigure({ exponents }))).toContain("mean of 2 rows: −3.000 nats per step; rank 3");
    const svg = lyapunovFigure({ exponents: matrix([0.1, -1]), running });
    expect(told(svg)).toContain("λ1: 0.2000 nats per step; step 1");
    expect(told(svg)).toContain("λ2: −1.000 to −1.000 nats per step, 1 of 3 missing");
  });

  test("eigenvalues stand in the complex plane with the unit circle", () => {
    const svg = eigenvalueFigure({ recurrent: { real: tensor([0.5, 0.5]), imaginary: tensor([0.25, -0.25]) } });
    expect(told(svg)).toContain("recurrent: real part 0.5000, imaginary part −0.2500");
    expect(svg).toMatch(/<ellipse class="level"/);
  });

  const components = {
    mean: tensor([1, 1, 1]),
    directions: matrix([1, 0, 0], [0, 0, 1]),
    explained: tensor([0.625, 0.25]),
  };
  const point = (state: number[], index: number) => ({ state: tensor(state), index, residual: 1e-12 });

  test("fixed points are projected; stable ones are filled, saddles open with a marker for each index", () => {
    const fixed = [point([1, 9, 1], 0), point([3, 0, 2], 1), point([2, 0, 0], 7), point([0, 0, 0], 6)];
    const trajectories = tensor([1, 1, 1, 2, 2, 2, Number.NaN, Number.NaN, Number.NaN], [1, 3, 3]);
    const svg = fixedPointFigure({ fixed, slow: [point([1, 1, 2], 2)], components, trajectories });
    const places = told(svg).filter((text) => text.includes("residual"));
    const axes = ["principal component 1 (63 % of the variance)", "principal component 2 (25 % of the variance)"];
    expect(places).toEqual([
      `stable, index 0, residual 1.0e-12: ${axes[0]} 0, ${axes[1]} 0`,
      `index 1, index 1, residual 1.0e-12: ${axes[0]} 2.000, ${axes[1]} 1.000`,
      `index 5 or more, index 6, residual 1.0e-12: ${axes[0]} −1.000, ${axes[1]} −1.000`,
      `index 5 or more, index 7, residual 1.0e-12: ${axes[0]} 1.000, ${axes[1]} −1.000`,
      `slow, index 2, residual 1.0e-12: ${axes[0]} 0, ${axes[1]} 1.000`,
    ]);
    expect(svg.match(/class="open" d="M/g)!.length).toBe(3 + 2); // and two in the key
    expect(svg.match(/class="path" d="M/g)).toHaveLength(1 + 1);
  });
});

describe("attribution and representation", () => {
  test("attributions are a heat map of time and feature, with their sum and completeness error", () => {
    const attributions = tensor([1, -2, 0.5, 0.5, Number.NaN, Number.NaN], [1, 3, 2]);
    const svg = attributionFigure(
      { attributions, features: ["rain", "wind"], completenessErrors: tensor([0.001]) },
      { input: tensor([1, 2, 3, 4, 5, 6], [1, 3, 2]) },
    );
    expect(svg).toContain("Attributions, sum 0, completeness error 0.001000");
    expect(told(svg)).toContain("−2.000; feature wind, step 0");
    expect(told(svg)).toContain("6.000; feature wind, step 2");
    expect(told(svg)).toContain("missing");
  });

  test("ablations are bars, named by what is fixed", () => {
    const effects = [
      { ablation: { trace: "forget", value: 1 }, metric: 0.5 },
      { ablation: { trace: "state.h", units: [3] }, metric: 0.75 },
    ];
    const svg = ablationFigure({ metric: 0.9, effects }, { metric: "accuracy" });
    expect(texts(svg)).toEqual(
      expect.arrayContaining(["forget = 1", "state.h of unit 3 = mean", "without ablation", "0.75"]),
    );
  });

  test("similarity is a matrix from 0 to 1 with names on both sides", () => {
    const svg = similarityFigure(matrix([1, 0.5], [0.5, 1]), { rows: ["GRU", "LSTM"] });
    expect(texts(svg).filter((text) => text === "LSTM")).toHaveLength(2);
    expect(svg).toContain('class="s32"');
    expect(texts(similarityFigure(matrix([1, 0.5, 0.2]), { rows: ["GRU"] }))).toContain("2");
  });

  test("probes have their chance", () => {
    const svg = probeFigure({ GRU: { values: [0.8, 0.6], deviation: [0.1, 0.1] }, LSTM: [0.9, 0.5] }, ["a", "b"], {
      chance: 0.5,
    });
    expect(texts(svg)).toEqual(expect.arrayContaining(["GRU", "LSTM", "chance", "accuracy"]));
    expect(svg.match(/class="whisker"/g)).toHaveLength(2);
  });

  test("a pattern and its matches have panels of the same units, steps around them and colours", () => {
    const states = tensor(
      Float64Array.from({ length: 2 * 10 * 3 }, (_, i) => (i % 7) / 7),
      [2, 10, 3],
    );
    const svg = patternFigure({
      pattern: { row: 0, from: 2, to: 4, units: [0, 2] },
      matches: [{ row: 1, from: 8, to: 10, overlap: 1 }],
      states,
    });
    expect(svg).toContain('aria-label="Pattern: row 0, 2–3, 2 of 2; row 1, 8–9, 1 of 2"');
    expect(told(svg).filter((text) => /unit [02], step \d$/.test(text))).toHaveLength(2 * 7 + 2 * 5);
    expect(told(svg)).toContain("0.2857; unit 2, step 0");
  });
});

test.each<[string, () => unknown, string]>([
  ["no gates", () => gateFigure({}), "gateFigure: expected at least one gate"],
  [
    "a gate's shape",
    () => gateFigure({ g: { mean: matrix([1]), deviation: tensor([1]), low: tensor([1]), high: tensor([1]) } }),
    "gateFigure: mean of g: expected [time], got [1,1]",
  ],
  ["no states", () => gradientFlowFigure({}), "gradientFlowFigure: expected the norms of at least one state"],
  ["a floor", () => gradientFlowFigure(tensor([1]), { floor: 0 }), "gradientFlowFigure: floor must be above 0, got 0"],
  [
    "a row",
    () => singularValueFigure(tensor([1], [1, 1, 1]), { row: 1 }),
    "singularValueFigure: row must be from 0 to 0, got 1",
  ],
  ["axes", () => singularValueFigure(tensor([1])), "singularValueFigure: expected [batch, time, n], got [1]"],
  [
    "components",
    () => fixedPointFigure({ fixed: [], components: { mean: tensor([0]), directions: matrix([1]) } }),
    "fixedPointFigure: expected at least two components, got [1,1]",
  ],
  [
    "a state",
    () =>
      fixedPointFigure({
        fixed: [{ state: tensor([1]), index: 0, residual: 0 }],
        components: { mean: tensor([0, 0]), directions: matrix([1, 0], [0, 1]) },
      }),
    "fixedPointFigure: the components are of 2 numbers, got a state of 1",
  ],
  [
    "a pattern without units",
    () =>
      patternFigure({ pattern: { row: 0, from: 0, to: 1, units: [] }, matches: [], states: tensor([1], [1, 1, 1]) }),
    "patternFigure: the pattern has no units; take a lower threshold",
  ],
  ["an option", () => gateFigure({}, { colums: 1 } as object), "gateFigure"],
])("a clear error: %s", (_, run, message) => {
  expect(run).toThrow(message);
});
