import { parameter, randomUniform, type Constraint, type Initializer, type ParameterSpec } from "@sluice/params";
import { add, mul, reshape, sigmoid, sub, sum, tensor, TensorError, type Tensor } from "@sluice/tensor";

/** Parameters of the synapses from one group of neurons to another, each `[from, to]`. */
export interface Synapses {
  /** Conductances, at least 0. */
  readonly w: Tensor;
  /** Where a synapse is half open. */
  readonly mu: Tensor;
  /** How steeply it opens. */
  readonly sigma: Tensor;
  /** Reversal potentials. */
  readonly erev: Tensor;
}

/** Which synapses there are: 1 or 0 `[from, to]`. */
export type Wiring = readonly (readonly number[])[];

/** Specs of {@link Synapses}, with the initial values of the authors' code. */
export function synapseSpecs(
  from: number,
  to: number,
  conductance: { readonly constraint?: Constraint },
): { readonly [K in keyof Synapses]: ParameterSpec } {
  const uniform = (low: number, high: number): ParameterSpec =>
    parameter([from, to], { initializer: randomUniform({ low, high }) });
  return {
    w: { ...uniform(0.001, 1), ...conductance },
    mu: uniform(0.3, 0.8),
    sigma: uniform(3, 8),
    erev: parameter([from, to], { initializer: plusOrMinusOne }),
  };
}

/**
 * What flows through synapses from neurons of potential `v` `[batch, from]`: the sum of the open conductances of each
 * neuron, and the sum of these times their reversal potentials, both `[batch, to]`.
 */
export function currents(v: Tensor, { w, mu, sigma, erev }: Synapses): readonly [Tensor, Tensor] {
  const from = reshape(v, [...v.shape, 1]);
  const open = mul(w, sigmoid(mul(sigma, sub(from, mu))));
  return [sum(open, 1), sum(mul(open, erev), 1)];
}

/** The wiring as numbers `[from, to]`, by which conductances are multiplied; undefined where there is none. */
export function wiringOf(name: string, wiring: Wiring | undefined, from: number, to: number): Tensor | undefined {
  if (wiring === undefined) return undefined;
  const fits =
    wiring.length === from && wiring.every((row) => row.length === to && row.every((s) => s === 0 || s === 1));
  if (!fits)
    throw new TensorError(`${name} must be ${from} rows of ${to} numbers 0 or 1, got ${JSON.stringify(wiring)}`);
  return tensor(wiring.flat(), [from, to]);
}

/** The total of two pairs of sums. */
export const together = (a: readonly [Tensor, Tensor], b: readonly [Tensor, Tensor]): readonly [Tensor, Tensor] => [
  add(a[0], b[0]),
  add(a[1], b[1]),
];

const plusOrMinusOne: Initializer = (key, shape, sizes) => {
  const { data, dtype } = randomUniform({ low: -1, high: 1 })(key, shape, sizes);
  return tensor(
    data.map((value) => (value < 0 ? -1 : 1)),
    shape,
    { dtype },
  );
};
