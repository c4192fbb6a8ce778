import { series, surface } from "@sluice/figures/internal";
import { describe, expect, test } from "vitest";
import { better } from "../claims/tests.ts";
import { study } from "../define-study.ts";
import { inProcess } from "../run/in-process.ts";
import { memoryStore } from "../run/memory-store.ts";
import { planRun } from "../run/plan-run.ts";
import { runStudy } from "../run/run-study.ts";
import { own, STYLE } from "./style.ts";

interface Toy {
  readonly variants: readonly string[];
  readonly tasks?: readonly string[];
  readonly seeds?: number;
  /** The accuracy of a seed of a variant; `null` if it is undefined. */
  readonly value?: (variant: string, seed: number) => number | null;
  readonly diverges?: (variant: string, seed: number) => boolean;
}

/** The report of a study whose trials return the given values. */
async function reportOf({ variants, tasks = ["rows"], seeds = 5, value, diverges }: Toy): Promise<string> {
  const toy = study({
    name: "toy",
    title: "A toy",
    question: "Which is better?",
    settings: {},
    tasks: Object.fromEntries(tasks.map((task) => [task, {}])),
    variants: Object.fromEntries(variants.map((variant) => [variant, {}])),
    seeds,
    metrics: {
      accuracy: { label: "Accuracy", unit: "%", better: "higher", digits: 1 },
      gradientNorm: { label: "Gradient norm", better: "neither", log: true },
    },
    claims: [
      {
        text: "The second beats the first.",
        test: better({ task: tasks[0] ?? "", metric: "accuracy", variant: variants[1] ?? "", than: variants[0] ?? "" }),
      },
    ],
    async trial({ variant, seedIndex, metric, series: figure, diverged }) {
      const last = (value ?? ((name, seed) => 10 * variants.indexOf(name) + ((seed * 7) % 5)))(variant, seedIndex);
      for (let step = 1; step <= 3; step += 1) metric({ step, gradientNorm: step + seedIndex });
      metric({ step: 3, accuracy: 50 });
      metric({ step: 4, accuracy: 60 });
      if (diverges?.(variant, seedIndex) === true) diverged({ step: 4, tensor: "W" });
      figure("flow", { title: "Flow", x: { label: "t", values: [1, 2] }, y: { label: "v" }, lines: { end: [1, 2] } });
      return { metrics: { accuracy: last }, parameters: 12_345 };
    },
  });
  const store = memoryStore();
  await runStudy(await planRun(toy, { store, executor: inProcess() }));
  return store.report() ?? "";
}

/** The rows of the main table as text, cell by cell. */
function mainRows(page: string): string[][] {
  const [, table = ""] = /<table class="stack main[^>]*>(.*?)<\/table>/s.exec(page) ?? [];
  return [...table.matchAll(/<tr[^>]*>(.*?)<\/tr>/gs)].map(([, row = ""]) =>
    [...row.matchAll(/<t[hd][^>]*>(.*?)<\/t[hd]>/gs)].map(([, cell = ""]) =>
      cell
        .replaceAll(/<[^>]*>/g, "")
        .replaceAll(/\s+/g, " ")
        .trim(),
    ),
  );
}

describe("the structure", () => {
  const three = reportOf({
    variants: ["RNN", "GRU", "LSTM"],
    diverges: (variant, seed) => variant === "GRU" && seed === 2,
  });

  test("has one heading of the first level, and no level is skipped", async () => {
    const levels = [...(await three).matchAll(/<h(\d)/g)].map(([, level]) => Number(level));
    expect(levels.filter((level) => level === 1)).toHaveLength(1);
    expect(levels[0]).toBe(1);
    levels.slice(1).forEach((level, index) => expect(level - (levels[index] ?? 0)).toBeLessThanOrEqual(1));
  });

  test("has an id for every link inside the page, and every section in the contents", async () => {
    const page = await three;
    const ids = [...page.matchAll(/ id="([^"]*)"/g)].map(([, id]) => id);
    expect(new Set(ids).size).toBe(ids.length);
    const links = [...page.matchAll(/href="#([^"]*)"/g)].map(([, id]) => id);
    for (const link of links) expect(ids).toContain(link);
    const sections = [...page.matchAll(/<section id="([^"]*)"/g)].map(([, id]) => id);
    expect(sections).toEqual(["results", "claims", "curves", "figure-flow", "seeds", "unfinished", "again"]);
    for (const section of sections) expect(links).toContain(section);
  });

  test("loads nothing: every address is in the page or is data, and there is no script", async () => {
    const page = await three;
    for (const [, address = ""] of page.matchAll(/(?:href|src)="([^"]*)"/g)) expect(address).toMatch(/^(#|data:)/);
    expect(page).not.toMatch(/<script|url\(|@import/);
  });

  test("says of every header what it heads, and of every table that scrolls what it is", async () => {
    const page = await three;
    for (const [header] of page.matchAll(/<th\b[^>]*>/g)) expect(header).toMatch(/scope="(col|row|rowgroup)"/);
    for (const [region] of page.matchAll(/<div class="scroll"[^>]*>/g))
      expect(region).toMatch(/role="region" aria-label="[^"]+" tabindex="0"/);
  });

  test("has an alternative, the values and the drawing of every figure", async () => {
    const page = await three;
    const figures = [...page.matchAll(/<figure class="panel">(.*?)<\/figure>/gs)].map(([, figure = ""]) => figure);
    expect(figures.length).toBeGreaterThanOrEqual(3);
    for (const figure of figures) {
      expect(figure).toMatch(/role="img" aria-label="[^"]*RNN: from [^"]+"/);
      const [svg = "", table = ""] = [...figure.matchAll(/href="data:[^,]*,([^"]*)"/g)].map(([, text = ""]) =>
        decodeURIComponent(text),
      );
      expect(svg).toMatch(/^<svg xmlns="http:\/\/www.w3.org\/2000\/svg".*<\/svg>$/s);
      expect(table).toMatch(/^variant,(step|t),(mean|median),lowest,highest\r\nRNN,/);
      expect(figure).toContain('class="hover"');
    }
  });
});

describe("the main table", () => {
  test("has every metric, marks the best with its interval, and says the difference from the first variant", async () => {
    const page = await reportOf({
      variants: ["RNN", "GRU", "LSTM"],
      // 50 to 54; 60.1 to 64.2; the third is the second but for half a point either way.
      value: (variant, seed) =>
        ({ RNN: 50, GRU: 60.1, LSTM: 60 })[variant]! + seed + (variant === "LSTM" ? (seed % 2) - 0.4 : 0),
    });
    const [head, task, rnn, gru, lstm] = mainRows(page);
    expect(head).toEqual([
      "variant",
      "Accuracy (%)&nbsp;↑, higher is better",
      "Gradient norm",
      "parameters",
      "time per trial",
    ]);
    expect(task).toEqual(["rows"]);
    // Half the interval of 0, 1, 2, 3, 4: 2.776 sqrt(2.5 / 5).
    expect(rnn!.slice(0, 2)).toEqual(["RNN", "52.0 ± 2.0"]);
    expect(gru![1]).toBe("★best: 62.1 ± 2.0+10.1 ± 0.0 δ, Cliff’s delta 1.00");
    expect(lstm![1]).toMatch(/^≈not told apart from the best: 62\.0 ± /);
    expect(gru![3]).toBe("12 345");
  });

  test("marks no metric that is neither better nor worse, and nothing without a spread", async () => {
    const page = await reportOf({ variants: ["RNN", "GRU"] });
    for (const row of mainRows(page).slice(2)) expect(row[2]).not.toMatch(/★|≈/);
    const one = await reportOf({ variants: ["RNN", "GRU"], seeds: 1 });
    expect(mainRows(one).flat().join()).not.toMatch(/★|≈|±/);
    expect(one).toContain("One seed: nothing is known about the spread.");
  });

  test("says which numbers are undefined, and of how many seeds a mean is", async () => {
    const page = await reportOf({
      variants: ["RNN", "GRU", "LSTM"],
      value: (variant, seed) => (variant === "RNN" || (variant === "GRU" && seed === 1) ? null : 50 + seed),
      diverges: (variant, seed) => variant === "LSTM" && seed < 2,
    });
    const [, , rnn, gru, lstm] = mainRows(page);
    expect(rnn![1]).toBe("undefined");
    expect(gru![1]).toContain("4 of 5");
    // Those that are left are not marked as the best.
    expect(lstm![1]).toMatch(/^53\.0 ± .*3 of 5/);
    expect(page).toContain("“Undefined” means");
    expect(page).not.toContain("NaN");
    expect(page).toContain('id="unfinished"');
  });
});

test("twelve variants are divided among panels with one range, and none has the look of another", async () => {
  const variants = Array.from({ length: 12 }, (_, index) => `cell ${index + 1}`);
  const page = await reportOf({ variants });
  expect(page).toContain("rows (1 of 2)");
  const looks = [
    ...page.matchAll(/<svg class="key (c\d)"[^>]*>\s*<path d="M0,5h22" (?:stroke-dasharray="([^"]*)")?/g),
  ].map(([, colour, dashes]) => `${colour} ${dashes}`);
  expect(new Set(looks).size).toBe(12);
  const [first = "", second = ""] = [...page.matchAll(/<figure class="panel">.*?Accuracy over.*?<\/figure>/gs)].map(
    ([figure]) => figure,
  );
  const ticks = (figure: string): string[] =>
    [...figure.matchAll(/text-anchor="end">([^<]*)/g)].map(([, label = ""]) => label);
  expect(ticks(second)).toEqual(ticks(first));
  // The sample in the table is the line in the figures.
  expect(second).toMatch(/<g class="c7"><title>cell 8: .*?stroke-dasharray="2 3"/s);
  expect(looks[7]).toBe("c7 2 3");
});

test("names are text, whatever they contain", async () => {
  const hostile = `<img src=x onerror="alert(1)">'&`;
  const page = await reportOf({ variants: ["plain", hostile], tasks: [`</table><script>"`, "--x: 1"] });
  expect(page).not.toMatch(/<img|<script|onerror="/);
  expect(page).toContain("&lt;img src=x onerror=&quot;alert(1)&quot;&gt;&#39;&amp;");
  const tables = [...page.matchAll(/href="data:text\/csv[^,]*,([^"]*)"/g)].map(([, text = ""]) =>
    decodeURIComponent(text),
  );
  // Quoted in the table of values, with doubled quotes.
  expect(tables[0]).toContain(`"<img src=x onerror=""alert(1)"">'&"`);
  for (const [, file = ""] of page.matchAll(/download="([^"]*)"/g)) expect(file).toMatch(/^[\w.-]+$/);
});

describe.each(["light", "dark"] as const)("the colours of the %s page", (shade) => {
  /** The contrast of WCAG 2. */
  const contrast = (a: string, b: string): number => {
    const luminance = (text: string): number => {
      const [red = 0, green = 0, blue = 0] = [1, 3, 5].map((at) => {
        const value = Number.parseInt(text.slice(at, at + 2), 16) / 255;
        return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
      });
      return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
    };
    const [p, q] = [luminance(a), luminance(b)];
    return (Math.max(p, q) + 0.05) / (Math.min(p, q) + 0.05);
  };

  test("have a contrast of at least 4.5 on the page, and on the background of code", () => {
    expect(contrast("#000000", "#ffffff")).toBeCloseTo(21, 10);
    const { page, ink, soft } = surface;
    for (const text of [ink, soft, own.good, own.bad, own.open, ...series])
      expect(contrast(text[shade], page[shade]), text[shade]).toBeGreaterThanOrEqual(4.5);
    expect(contrast(ink[shade], own.faint[shade])).toBeGreaterThanOrEqual(4.5);
  });

  test("are those of the style, and no rule has a colour of its own but the white of paper", () => {
    for (const { [shade]: colour } of [...Object.values(surface), ...Object.values(own), ...series])
      expect(STYLE).toContain(`: ${colour};`);
    const rules = STYLE.replaceAll(/:root \{[^}]*\}/g, "").replace("svg.sluice-figure { --sluice-page: #fff; }", "");
    expect(rules.match(/#[0-9a-f]{3,8}\b/g) ?? []).toEqual([]);
  });
});
