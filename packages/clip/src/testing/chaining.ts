/** Laws of a transform in a chain with itself, in nested chains, and next to a transform that skips. */
import { keyFor, scalar } from "@sluice/tensor";
import { expectSame } from "@sluice/tensor/testing";
import { chain } from "../chain.ts";
import type { GradientTransform, NoState } from "../gradient-transform.ts";
import { contextOf, expectTypes, paramsOf, stepsOf } from "./given.ts";

/** In a chain with itself, each keeps its own state and draws its own random numbers. */
export function chainsWithItself(transform: GradientTransform): void {
  const both = chain(transform, transform);
  const params = paramsOf(1);
  let state = both.init(params);
  let [first, second] = [transform.init(params), transform.init(params)];
  for (let step = 0; step < 3; step++) {
    const context = contextOf(step);
    const own = (key: string) => ({ ...context, key: keyFor(context.key, key) });
    const one = transform.update(paramsOf(100 + step), first, params, own(transform.name));
    const two = transform.update(one.gradients, second, params, own(`${transform.name}2`));
    const result = both.update(paramsOf(100 + step), state, params, context);
    expectSame(`step ${step}`, result.gradients, two.gradients);
    [state, first, second] = [result.state, one.state, two.state];
  }
}

/** Gradients and state keep their types in chains of chains. */
export function nests(transform: GradientTransform): void {
  const nested = chain(chain(transform), chain(chain(transform)));
  const params = paramsOf(1);
  for (const { state, gradients } of stepsOf(nested, 2)) {
    expectTypes("the state", state, nested.init(params));
    expectTypes("the gradients", gradients, params);
  }
}

/** Where another transform of the chain skips the step, the state stays. */
export function keepsSkippedState(transform: GradientTransform): void {
  for (const transforms of [
    [transform, skipping],
    [skipping, transform],
    [chain(transform), skipping],
  ]) {
    const chained = chain(...transforms);
    const params = paramsOf(1);
    const state = chained.init(params);
    const result = chained.update(paramsOf(2), state, params, contextOf(0));
    // A transform that skips by itself keeps its returned state. With these gradients none of ours skips.
    expectSame("the state", result.state, state);
  }
}

const skipping: GradientTransform<NoState> = {
  name: "skipping",
  init: () => ({}),
  update: (gradients, state) => ({ gradients, state, skip: scalar(1, "bool") }),
};
