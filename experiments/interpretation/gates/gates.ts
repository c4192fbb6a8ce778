import { ablate, saturation, timeScales, type Ablation, type AblationInputs } from "@sluice/inspect";
import { median, type TrialContext } from "@sluice/study";
import { compile, valuesOf, type Backend, type Tensor } from "@sluice/tensor";
import { gatedCells, type CellName, type GatedModel, type Weights } from "./model.ts";
import type { GatedTask, Sequences } from "./tasks.ts";

/** A trained network, and the sequences on which its gates are looked at. */
export interface Looked {
  readonly cell: CellName;
  readonly model: GatedModel;
  readonly weights: Weights;
  readonly task: Pick<GatedTask, "loss" | "groups" | "sizes">;
  readonly sequences: Sequences;
  readonly backend: Backend;
}

/** The layer of the cell is the first one of the model. */
const traceOf = (gate: string): string => `0.${gate}`;

/** What fixing gates costs, in nats. */
export type Worth = {
  /** How much the loss rises if the keeping gate is fixed at its mean, each unit at its own. */
  readonly keepWorth: number;
  /** The same of the reading gate; 0 for a cell without one, where there is nothing to fix. */
  readonly readWorth: number;
  /** The loss with the reading gate at its mean. */
  readonly readAtMean: number;
};

/** The values at which gates are fixed. */
const fixedAt = [0, 0.25, 0.5, 0.75, 1];

/** Fixes one gate after the other: at its mean, and at values from closed to open, which are written as a series. */
export async function worthOfGates(context: Pick<TrialContext, "series">, looked: Looked): Promise<Worth> {
  const { cell, model, weights, task, sequences, backend } = looked;
  const { gates, keeping, reading } = gatedCells[cell];
  const { x, y, lengths } = sequences;
  const run = (inputs: AblationInputs) => {
    const { output, traces } = model.apply(weights, x, { lengths, ...inputs });
    return { metric: task.loss(output, y, task.sizes.outputs === "all" ? { lengths } : {}), traces };
  };
  const ablations = gates.flatMap((gate): Ablation[] => [
    { trace: traceOf(gate) },
    ...fixedAt.map((value) => ({ trace: traceOf(gate), value })),
  ]);
  const { metric: intact, effects } = await ablate(run, ablations, { lengths, backend });
  const lossOf = (gate: string, value?: number): number =>
    effects.find(({ ablation }) => ablation.trace === traceOf(gate) && ablation.value === value)?.metric ?? Number.NaN;
  context.series("fixed-gates", {
    title: "Held-out loss with a gate fixed at a value",
    x: { label: "value of the gate", values: fixedAt },
    y: { label: "held-out loss", unit: "nats" },
    lines: Object.fromEntries(gates.map((gate) => [gate, fixedAt.map((value) => lossOf(gate, value))])),
  });
  const readAtMean = reading === undefined ? intact : lossOf(reading);
  return { keepWorth: lossOf(keeping) - intact, readWorth: readAtMean - intact, readAtMean };
}

/** How the keeping gate is set. */
export type Opening = {
  /** The mean share of the state that a step keeps. */
  readonly kept: number;
  /** How often a unit keeps below 0.1 or above 0.9 of its state, in per cent of all steps. */
  readonly saturated: number;
  /** The median over units of 1 / (1 - mean kept share), in steps. */
  readonly timeScale: number;
};

/** How open the gates are: numbers over all steps, and a series for each kind of step. */
export async function openingOf(context: Pick<TrialContext, "series">, looked: Looked): Promise<Opening> {
  const { cell, model, weights, task, sequences, backend } = looked;
  const { gates, keeping, kept } = gatedCells[cell];
  const names = gates.map(traceOf);
  const measure = (params: Weights, x: Tensor, lengths: Tensor) => {
    const { traces } = model.apply(params, x, { lengths, traces: names });
    const share = kept(traceIn(traces, keeping));
    const { low, high } = saturation(share, { lengths });
    return {
      values: Object.fromEntries(gates.map((gate) => [gate, traceIn(traces, gate)])),
      times: timeScales(share, { lengths }),
      ...{ low, high },
    };
  };
  const { x, lengths } = sequences;
  const compiled = await compile(measure, [weights, x, lengths], { backend });
  const { values, times, low, high } = await compiled(weights, x, lengths);
  await compiled.dispose();

  const { series, title, label, most, of } = task.groups;
  const groups = of(sequences);
  context.series(series, {
    title,
    x: { label, values: Array.from({ length: most }, (_, i) => i + 1) },
    y: { label: "distance from the mean of each unit" },
    lines: Object.fromEntries(gates.map((gate) => [gate, departures(values[gate], { groups, most, lengths })])),
  });
  const scales = Array.from(valuesOf(times));
  return {
    // T = 1 / (1 - kept).
    kept: average(scales.map((time) => 1 - 1 / time)),
    saturated: 100 * (average(valuesOf(low)) + average(valuesOf(high))),
    timeScale: median(scales),
  };
}

function traceIn(traces: Readonly<Record<string, Tensor>>, gate: string): Tensor {
  const found = traces[traceOf(gate)];
  if (found === undefined) throw new Error(`gates: the model traces no ${gate}, but ${Object.keys(traces).join(", ")}`);
  return found;
}

const average = (values: ArrayLike<number>): number =>
  Array.from(values).reduce((sum, value) => sum + value, 0) / values.length;

/**
 * How far a gate `[examples, time, units]` departs from its mean at the real steps of each group from 1 to `most`: the
 * distance between the mean of a unit within the group and over all groups, averaged over units. NaN for a group without
 * steps.
 */
export function departures(
  gate: Tensor | undefined,
  { groups, most, lengths }: { readonly groups: ArrayLike<number>; readonly most: number; readonly lengths: Tensor },
): number[] {
  if (gate === undefined) return [];
  const [examples = 0, time = 0, units = 0] = gate.shape;
  const [values, steps] = [valuesOf(gate), valuesOf(lengths)];
  const isReal = (step: number): boolean => step % time < (steps[Math.floor(step / time)] ?? 0);
  const real = Array.from({ length: examples * time }, (_, step) => step).filter(isReal);
  const meansOver = (chosen: readonly number[]): number[] =>
    Array.from({ length: units }, (_, unit) => average(chosen.map((step) => values[step * units + unit] ?? 0)));
  const overall = meansOver(real);
  return Array.from({ length: most }, (_, i) => {
    const within = meansOver(real.filter((step) => groups[step] === i + 1));
    return average(within.map((value, unit) => Math.abs(value - (overall[unit] ?? 0))));
  });
}
