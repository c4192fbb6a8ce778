import { add, mul, softmax, type Tensor, type Tree } from "@sluice/tensor";
import { modelOf, type Model } from "@sluice/trials";
import { modelWith, type CellOf, type ModelSizes } from "../compare/cells.ts";
import type { Fitting, RecordsExamples } from "./prepared.ts";

/** What the model of a trial is made of. */
export interface RecordsModelParts {
  readonly cell: CellOf;
  readonly place: string;
  readonly hidden: number;
  readonly outputs: number;
  readonly isClass: boolean;
  readonly dropout: number;
}

/** A model of records: logits of classes, or a number in the unit of the target. */
export function recordsModel(
  { cell, place, hidden, outputs, isClass, dropout }: RecordsModelParts,
  examples: RecordsExamples,
  { spread, center }: Pick<Fitting, "spread" | "center">,
): Model<Tree, RecordsExamples> {
  const [, steps = 0, input = 0] = examples.x.shape;
  // Which parts a cell reads itself is the option `inputs` of the study.
  const sizes: ModelSizes = { input, tokens: false, output: outputs, perStep: false, steps, observed: {} };
  const { layer } = modelWith(place, cell, hidden, { sizes, embedding: 1, dropout });
  const model: Model<Tree, RecordsExamples> = modelOf(layer);
  if (isClass) return model;
  return {
    ...model,
    apply(params, batch, options) {
      const { output, ...rest } = model.apply(params, batch, options);
      return { ...rest, output: add(mul(output, spread), center) };
    },
  };
}

/** What a user is told: probabilities of classes, or the numbers themselves. */
export const asPredicted = (output: Tensor, isClass: boolean): Tensor => (isClass ? softmax(output, 1) : output);
