import type { Row } from "./measure.ts";

/** A target, and what was reached. */
export interface Figure {
  readonly name: string;
  readonly floor: number;
  readonly reached: number;
  /** The case in which it was measured. */
  readonly case: string;
}

/**
 * The project's targets, for the cases in `rows`. A ratio is the peer's time divided by Sluice's; of the two PyTorches
 * it takes the faster one. All targets are for one thread, except the speedup of two threads.
 */
export function figuresOf(rows: readonly Row[]): Figure[] {
  return rows.flatMap(({ case: of, ms, microsecondsPerStep, products, peak, compileMilliseconds }) => {
    const own = ms["sluice"];
    if (own === undefined) return [];
    const figure = (name: string, floor: number | undefined, reached: number | undefined): Figure[] =>
      floor === undefined || reached === undefined
        ? []
        : [{ name, floor, reached, case: `${of.kind} ${of.name} ${of.threads}` }];
    const ratio = (...others: string[]): number | undefined => {
      const times = others.flatMap((other) => ms[other] ?? []);
      return times.length === 0 ? undefined : Math.min(...times) / own;
    };
    if (of.threads > 1)
      return figure(
        "speedup of two threads",
        of.kind === "train" && of.hidden >= 128 ? 1.7 : undefined,
        ratio("sluiceOneThread"),
      );
    const anywhere = [
      ...figure("against JAX", of.hidden <= 128 ? 1 : undefined, ratio("jax")),
      ...figure("against TensorFlow.js", 25, ratio("tfjs")),
      ...figure("against brain.js", 50, ratio("brain")),
    ];
    const full = ms["sluiceFull"];
    if (of.kind === "ragged") {
      const perStep = full === undefined ? undefined : full / (of.batch * of.time) / (microsecondsPerStep / 1000);
      return [
        ...anywhere,
        ...figure("against PyTorch's packed sequences", 1.5, ratio("torch", "torch-system")),
        ...figure("step of a full batch / real step of a ragged one", 1 / 1.25, perStep),
      ];
    }
    if (of.kind !== "train") return anywhere;
    return [
      ...anywhere,
      ...figure("against PyTorch", floorAgainstTorch(of.cell, of.hidden), ratio("torch", "torch-system")),
      ...figure(
        "relaxed multiply-add against PyTorch",
        of.cell === "lstm" && of.hidden >= 128 ? 1 : undefined,
        quotient(ratio("torch", "torch-system"), ratio("sluice-relaxed")),
      ),
      ...figure("built-in cell / custom cell, time", 0.95, ratio("sluiceBuiltIn")),
      ...figure("products, fraction of the peak", of.hidden >= 128 ? 0.7 : undefined, products && products / peak),
      ...figure(
        "150 ms / compile time",
        of.cell === "gru" ? 1 : undefined,
        compileMilliseconds && 150 / compileMilliseconds,
      ),
    ];
  });
}

function quotient(a: number | undefined, b: number | undefined): number | undefined {
  return a === undefined || b === undefined ? undefined : a / b;
}

/** At H <= 64, 128, and above. */
const againstTorch: Readonly<Record<string, readonly [number, number, number]>> = {
  gru: [2, 1, 0.65],
  lstm: [1.5, 0.85, 0.65],
  rnn: [1.3, 0.9, 0.65],
  "layer-norm-gru": [2.5, 1.4, 0.9],
};

function floorAgainstTorch(cell: string, hidden: number): number | undefined {
  return againstTorch[cell]?.[hidden <= 64 ? 0 : hidden <= 128 ? 1 : 2];
}
