import type { Json } from "@sluice/study";
import { runningMean } from "@sluice/train";

type Step = { readonly loss: number; readonly gradientNorm: number };

/**
 * The steps since the last point of a curve. They are part of a checkpoint, so that a resumed run averages over the
 * same steps.
 */
export interface Recent {
  add(step: Step): void;
  /** Returns the mean and starts over. */
  take(): Step;
  state(): Json;
}

export function recent(saved: Json = []): Recent {
  let steps: Step[] = Array.isArray(saved) ? saved.filter(isStep) : [];
  return {
    add: (step) => void steps.push(step),
    take() {
      const mean = runningMean<Step>();
      for (const step of steps) mean.add(step);
      steps = [];
      return mean.mean();
    },
    state: () => steps.map(({ loss, gradientNorm }) => ({ loss, gradientNorm })),
  };
}

function isStep(value: unknown): value is Step {
  return (
    typeof value === "object" &&
    value !== null &&
    "loss" in value &&
    typeof value.loss === "number" &&
    "gradientNorm" in value &&
    typeof value.gradientNorm === "number"
  );
}
