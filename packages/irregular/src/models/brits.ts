import { rits, sequence, type LayerParams, type RitsCombination } from "@sluice/cells";
import { bias, checkParameters, initialize, kernel, type InitOptions, type Specs } from "@sluice/params";
import { add, keyFor, matmul, mul, select, sliceAxis, softmax } from "@sluice/tensor";
import { TensorError, type ArrayTensor, type Tensor } from "@sluice/tensor";
import { checkKey, checkOptions, shown } from "@sluice/tensor/internal";
import { elapsedBothWays, observedIn, type ObservedExamples } from "./observed.ts";

/** Options of {@link brits}. */
export interface BritsOptions {
  /** The number of variables. */
  readonly variables: number;
  /** The number of units of each direction. */
  readonly hidden: number;
  /** The number of classes of a whole series. Default: no classification. */
  readonly classes?: number;
  /** As for `rits`. Default "sigmoid", as in the paper. */
  readonly combination?: RitsCombination;
  /** As for `rits`. Default false, as in the paper. */
  readonly decayedHistory?: boolean;
}

const over = (cell: ReturnType<typeof rits>, reverse: boolean) => sequence(cell, { reverse });

type RitsLayer = ReturnType<typeof over>;
type RitsParams = LayerParams<RitsLayer>;
type Classifier = { readonly W: Tensor; readonly b: Tensor };
type Both<T> = { readonly forward: T; readonly backward: T };

/** The parameters of {@link brits}: those of two `rits` and, with classes, W `[hidden, classes]` and b of each. */
export type BritsParams = Both<RitsParams> & { readonly classifier?: Both<Classifier> };

/** What one direction estimates, `[batch, time, variables]` each. */
export type BritsEstimates = {
  /** From the history (xh), from the other variables of the step (zh), and of both (ch). */
  readonly history: Tensor;
  readonly features: Tensor;
  readonly combined: Tensor;
  /** The series with ch where nothing was observed. */
  readonly imputed: Tensor;
};

/** What {@link brits} gives. */
export type BritsOutput = Both<BritsEstimates> & {
  /** The mean of both directions `[batch, time, variables]`: what was observed, and estimates elsewhere. */
  readonly imputed: Tensor;
  /** `[batch, classes]` of each direction, if there are classes. */
  readonly logits?: Both<Tensor>;
  /** `[batch, classes]`: the mean of both directions' softmax. */
  readonly probabilities?: Tensor;
};

/** A model of `fit`. */
export interface BritsModel {
  readonly kind: "brits";
  readonly variables: number;
  readonly params: Specs;
  /** Makes the parameters with their initializers, from a random key. */
  init(key: ArrayTensor, options?: InitOptions): BritsParams;
  /** Fills in the missing values of a batch. */
  apply(params: BritsParams, examples: ObservedExamples, options?: object): { readonly output: BritsOutput };
}

/**
 * BRITS (Cao et al. 2018, arXiv:1805.10572, section 4.3): a model that fills in the missing values of series, and
 * classifies them. A `rits` reads the steps forwards, another one backwards, with the times until the next observation
 * in the place of those since the last one, and the imputation is the mean of theirs:
 *
 *     f, b    = rits(x, mask, since), rits(x, mask, until) backwards
 *     imputed = (f.imputed + b.imputed) / 2
 *     logits  = h_T W_f + b_f forwards, h_1 W_b + b_b backwards
 *
 * It is a model of `fit`, with the loss {@link britsLoss}:
 *
 *     await fit(brits({ variables: 3, hidden: 16 }), { train: { x, mask, elapsed, lengths } }, {
 *       loss: (output, _, __, batch) => britsLoss(output, batch),
 *       epochs: 20,
 *     });
 *
 * Series are `[batch, time, variables]`, with lengths in any order; beyond them all outputs are 0. What was not observed
 * reaches nothing. Standardize the variables (`fitScaler`).
 *
 * With `decayedHistory: true` it is the model of PyPOTS, which reads one time unit per step; with `combination:
 * "linear"` as well that of the authors' code (caow13/BRITS).
 */
export function brits(options: BritsOptions): BritsModel {
  checkOptions("brits", options, ["variables", "hidden", "classes", "combination", "decayedHistory"], {
    input: "variables",
    features: "variables",
    nClasses: "classes",
  });
  const { variables, hidden, classes, combination, decayedHistory } = options;
  if (classes !== undefined && !(Number.isInteger(classes) && classes >= 2))
    throw new TensorError(`brits: classes must be an integer >= 2, got ${shown(classes)}`);
  const cell = rits({
    input: variables,
    hidden,
    ...(combination !== undefined && { combination }),
    ...(decayedHistory !== undefined && { decayedHistory }),
  });
  const layers = { forward: over(cell, false), backward: over(cell, true) };
  const classifier = classes === undefined ? undefined : { W: kernel([hidden, classes]), b: bias([classes]) };
  const params = {
    forward: cell.params,
    backward: cell.params,
    ...(classifier && { classifier: { forward: classifier, backward: classifier } }),
  };
  return {
    kind: "brits",
    variables,
    params,
    init(key, initOptions) {
      checkKey("init", key);
      const both = <T>(make: (key: ArrayTensor) => T): Both<T> => ({
        forward: make(keyFor(key, "forward")),
        backward: make(keyFor(key, "backward")),
      });
      return {
        ...both((own) => cell.init(own, initOptions)),
        ...(classifier && {
          classifier: both((own) => initialize(classifier, keyFor(own, "classifier"), initOptions)),
        }),
      };
    },
    apply(weights, examples) {
      checkParameters("brits", params, weights, examples.x);
      const observed = observedIn("brits", examples, variables);
      const { since, until } = elapsedBothWays("brits", observed, examples.elapsed);
      const run = (layer: RitsLayer, own: RitsParams, delta: Tensor) => {
        const { x, mask, lengths } = observed;
        return layer.apply(own, x, {
          extra: { mask, delta },
          traces: ["history", "features", "combined"],
          ...(lengths && { lengths }),
        });
      };
      const [f, b] = [run(layers.forward, weights.forward, since), run(layers.backward, weights.backward, until)];
      const [forward, backward] = [estimatesOf(f, hidden), estimatesOf(b, hidden)];
      const imputed = select(observed.mask, observed.x, mul(add(forward.imputed, backward.imputed), 0.5));
      return { output: { forward, backward, imputed, ...classified(weights.classifier, f.state.h, b.state.h) } };
    },
  };
}

type Run = { readonly output: Tensor; readonly traces: Readonly<Record<string, Tensor>> };

function estimatesOf({ output, traces: { history, features, combined } }: Run, hidden: number): BritsEstimates {
  if (history === undefined || features === undefined || combined === undefined)
    throw new TensorError("brits: the cell traces no estimates");
  return { history, features, combined, imputed: sliceAxis(output, 2, hidden, output.shape[2] ?? 0) };
}

function classified(
  classifier: Both<Classifier> | undefined,
  forward: Tensor,
  backward: Tensor,
): Pick<BritsOutput, "logits" | "probabilities"> {
  if (classifier === undefined) return {};
  const read = (h: Tensor, { W, b }: Classifier): Tensor => add(matmul(h, W), b);
  const logits = { forward: read(forward, classifier.forward), backward: read(backward, classifier.backward) };
  return { logits, probabilities: mul(add(softmax(logits.forward), softmax(logits.backward)), 0.5) };
}
