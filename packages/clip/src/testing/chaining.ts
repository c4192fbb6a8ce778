import { keyFor, scalar } from "@sluice/tensor";
import { chain } from "../chain.ts";
import type { GradientTransform, NoState } from "../gradient-transform.ts";
import { contextOf, paramsOf, same, sameTypes, stepsOf } from "./given.ts";
import type { Check } from "./suite.ts";

/** Checks a transform in a chain with itself, in nested chains, and next to a transform that skips. */
export function chaining(make: () => GradientTransform): readonly Check[] {
  return [
    {
      name: "chains with itself: each keeps its own state and draws its own random numbers",
      run() {
        const { name } = make();
        const both = chain(make(), make());
        const params = paramsOf(1);
        let state = both.init(params);
        let [first, second] = [make().init(params), make().init(params)];
        for (let step = 0; step < 3; step++) {
          const context = contextOf(step);
          const own = (key: string) => ({ ...context, key: keyFor(context.key, key) });
          const one = make().update(paramsOf(100 + step), first, params, own(name));
          const two = make().update(one.gradients, second, params, own(`${name}2`));
          const result = both.update(paramsOf(100 + step), state, params, context);
          same(`step ${step}`, result.gradients, two.gradients);
          [state, first, second] = [result.state, one.state, two.state];
        }
      },
    },
    {
      name: "nests in chains",
      run() {
        const nested = chain(chain(make()), chain(chain(make())));
        const params = paramsOf(1);
        const [, last] = stepsOf(nested, 2);
        sameTypes("the state", last!.state, nested.init(params));
        sameTypes("the gradients", last!.gradients, params);
      },
    },
    {
      name: "keeps its state where another transform of the chain skips the step",
      run() {
        for (const transforms of [
          [make(), skipping],
          [skipping, make()],
          [chain(make()), skipping],
        ]) {
          const chained = chain(...transforms);
          const params = paramsOf(1);
          const state = chained.init(params);
          const result = chained.update(paramsOf(2), state, params, contextOf(0));
          // A transform that skips by itself keeps its returned state. With these gradients none of ours skips.
          same("the state", result.state, state);
        }
      },
    },
  ];
}

const skipping: GradientTransform<NoState> = {
  name: "skipping",
  init: () => ({}),
  update: (gradients, state) => ({ gradients, state, skip: scalar(1, "bool") }),
};
