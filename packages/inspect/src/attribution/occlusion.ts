import {
  broadcastTo,
  compile,
  expand,
  mapTree,
  reshape,
  select,
  tensor,
  TensorError,
  valuesOf,
  type ArrayTensor,
  type Tensor,
} from "@sluice/tensor";
import { allocate, checkOptions, nth, shown } from "@sluice/tensor/internal";
import {
  attributionOptions,
  explainedOf,
  scoreOf,
  valuesLike,
  type AttributionOptions,
  type Explained,
  type RowInputs,
  type Score,
} from "./score.ts";
import { featureGroups, timeWindows, type FeatureGroup, type TimeWindow } from "./windows.ts";

/** Options of {@link occlusion}. */
export interface OcclusionOptions extends AttributionOptions {
  /** The number of steps that are replaced together. Default 1. */
  readonly window?: number;
  /** The number of steps from one window to the next, at most `window`. Default `window`: windows do not overlap. */
  readonly stride?: number;
  /** Features that are replaced together, by name: positions on the feature axis. Default: each on its own. */
  readonly groups?: Readonly<Record<string, readonly number[]>>;
  /** What is put in their place: a number, or a tensor that broadcasts to `x`, such as the mean. Default 0. */
  readonly replacement?: number | Tensor;
  /** How many copies of the batch one run of the program computes. Default: as many as have 256 rows together. */
  readonly copies?: number;
}

/** What {@link occlusion} returns. All numbers are f64. */
export interface Occlusion {
  /**
   * The score of a row minus its score without the group in the window: `[batch, windows, groups]`. NaN if the row has
   * no step in the window.
   */
  readonly drops: ArrayTensor;
  /**
   * For every feature at every step the mean of the drops over the windows and groups that contain it, `[batch, time,
   * ...features]`. NaN at steps that a row does not have, and for features in no group.
   */
  readonly attributions: ArrayTensor;
  /** The score of every row, `[batch]`. */
  readonly scores: ArrayTensor;
  readonly windows: readonly TimeWindow[];
  readonly groups: readonly FeatureGroup[];
  /** The names of the features. */
  readonly features: readonly string[];
}

/**
 * Occlusion (Zeiler, Fergus 2014, arXiv:1311.2901, section 4.2), over time: how much the score falls when a group of
 * features is replaced during a window of steps. `x` is `[batch, time, features]`. Drops are in units of the score; a
 * negative one says that the score rises.
 *
 *     const { attributions } = await occlusion(score, x, { window: 5, groups: { pressure: [0, 1], pulse: [2] }, lengths });
 *
 * The program is compiled once, for some copies of the batch, each with another window and group replaced. Steps beyond
 * a row's length and masked steps are missing: their attributions are NaN, and values of `x` there reach nothing.
 * Throws a TensorError if a shape does not fit or an option is out of range.
 */
export async function occlusion(score: Score, given: Tensor, options: OcclusionOptions = {}): Promise<Occlusion> {
  const operation = "occlusion";
  checkOptions(operation, options, [...attributionOptions, "window", "stride", "groups", "replacement", "copies"], {
    baseline: "replacement",
    baselines: "replacement",
    strides: "stride",
    slidingWindowShapes: "window",
    sliding_window_shapes: "window",
  });
  const { window = 1, stride = window, replacement = 0, backend } = options;
  const explained = explainedOf(operation, score, given, options);
  const { x, batch, time, features } = explained;
  const windows = timeWindows(operation, time, { width: window, stride });
  const groups = featureGroups(operation, features, options.groups);
  const places = windows.flatMap((steps) => groups.map((group) => ({ steps, group })));
  const copies = copiesOf(operation, options.copies, { batch, places: places.length });
  const to = tensor(typedLike(x, valuesLike(operation, "replacement", replacement, x)), x.shape);

  const hidden = (of: readonly Place[]): ArrayTensor => hiddenAt(of, copies, [time, features.length]);
  const run = await compile(
    (whole: Tensor, other: Tensor, inputs: RowInputs, where: Tensor) => {
      const at = reshape(where, [copies, 1, ...x.shape.slice(1)]);
      const changed = select(at, expand(other, 0), expand(whole, 0));
      const rows = <T extends RowInputs>(tree: T): T => mapTree(tree, (y) => repeated(y, copies));
      return scoreOf(operation, score, reshape(changed, [copies * batch, ...x.shape.slice(1)]), rows(inputs));
    },
    [x, to, explained.inputs, hidden([])],
    backend && { backend },
  );
  try {
    const scoresOf = async (of: readonly Place[]): Promise<Float64Array> =>
      Float64Array.from(valuesOf(await run(x, to, explained.inputs, hidden(of))));
    const scores = (await scoresOf([])).slice(0, batch);
    const drops = new Float64Array(batch * places.length);
    for (let first = 0; first < places.length; first += copies) {
      const some = places.slice(first, first + copies);
      const without = await scoresOf(some);
      some.forEach((_, k) =>
        scores.forEach((whole, row) => {
          drops[row * places.length + first + k] = whole - nth(without, k * batch + row);
        }),
      );
    }
    return resultOf(explained, { drops, scores, windows, groups });
  } finally {
    await run.dispose();
  }
}

interface Place {
  readonly steps: TimeWindow;
  readonly group: FeatureGroup;
}

/** bool `[copies, time, features]`: what each copy replaces; nothing where there are fewer places than copies. */
function hiddenAt(places: readonly Place[], copies: number, [time, features]: readonly [number, number]): ArrayTensor {
  const where = allocate("bool", copies * time * features);
  places.forEach(({ steps, group }, k) => {
    for (let t = steps.from; t < steps.to; t++)
      for (const feature of group.features) where[(k * time + t) * features + feature] = 1;
  });
  return tensor(where, [copies, time, features], { dtype: "bool" });
}

/** `[batch, ...]` copied along the rows. */
function repeated(y: Tensor, copies: number): Tensor {
  const [batch = 0, ...rest] = y.shape;
  return reshape(broadcastTo(expand(y, 0), [copies, ...y.shape]), [copies * batch, ...rest]);
}

interface Found {
  readonly drops: Float64Array;
  readonly scores: Float64Array;
  readonly windows: readonly TimeWindow[];
  readonly groups: readonly FeatureGroup[];
}

function resultOf(
  { x, batch, time, features: names, present }: Explained,
  { drops, scores, windows, groups }: Found,
): Occlusion {
  const features = names.length;
  const totals = new Float64Array(batch * time * features);
  const counts = new Float64Array(totals.length);
  const missing = (row: number, t: number): boolean => nth(present, row * time + t) === 0;
  for (let row = 0; row < batch; row++)
    windows.forEach(({ from, to }, w) => {
      const steps = Array.from({ length: to - from }, (_, i) => from + i).filter((t) => !missing(row, t));
      groups.forEach((group, g) => {
        const place = (row * windows.length + w) * groups.length + g;
        const drop = nth(drops, place);
        if (steps.length === 0) drops[place] = NaN;
        for (const t of steps)
          for (const feature of group.features) {
            const at = (row * time + t) * features + feature;
            totals[at] = nth(totals, at) + drop;
            counts[at] = nth(counts, at) + 1;
          }
      });
    });
  return {
    drops: tensor(drops, [batch, windows.length, groups.length]),
    attributions: tensor(
      totals.map((total, at) => (nth(counts, at) === 0 ? NaN : total / nth(counts, at))),
      x.shape,
    ),
    scores: tensor(scores),
    windows,
    groups,
    features: names,
  };
}

function copiesOf(
  operation: string,
  given: number | undefined,
  { batch, places }: { readonly batch: number; readonly places: number },
): number {
  if (given === undefined) return Math.max(1, Math.min(places, Math.floor(256 / Math.max(1, batch))));
  if (Number.isInteger(given) && given >= 1) return given;
  throw new TensorError(`${operation}: copies must be an integer of at least 1, got ${shown(given)}`);
}

function typedLike({ dtype }: ArrayTensor, values: Float64Array): ArrayTensor["data"] {
  const data = allocate(dtype, values.length);
  data.set(values);
  return data;
}
