import type { Backend } from "../backend/backend.ts";
import { compile } from "../backend/compile.ts";
import { TensorError } from "../errors.ts";
import { grad } from "../gradient/grad.ts";
import { add, max, mul, sub } from "../primitives/arithmetic.ts";
import { sliceAxis } from "../primitives/layout.ts";
import { matmul } from "../primitives/matmul.ts";
import { sum } from "../primitives/reduce.ts";
import { sigmoid, tanh } from "../primitives/transcendental.ts";
import { key, keyFor } from "../random/keys.ts";
import { normal } from "../random/distributions.ts";
import { scan } from "../scan/scan.ts";
import { tensor, zerosLike, type Tensor } from "../tensor.ts";
import { leavesOf, type Tree } from "../tree.ts";
import { distance } from "./distance.ts";

const [time, batch, input, hidden] = [6, 3, 4, 5];

const draw = (name: string, shape: readonly number[]): Tensor =>
  normal(keyFor(key(3), name), shape, { deviation: 0.5 });

type Weights = { readonly W: Tensor; readonly U: Tensor; readonly b: Tensor };

const weights: Weights = {
  W: draw("W", [input, 2 * hidden]),
  U: draw("U", [hidden, 2 * hidden]),
  b: draw("b", [2 * hidden]),
};
const x = draw("x", [time, batch, input]);

interface Over {
  readonly lengths?: Tensor;
  readonly reverse?: boolean;
  readonly segment?: number;
}

/** A gated recurrence, h = f h + (1 - f) n. */
function run({ W, U, b }: Weights, xs: Tensor, options: Over = {}): { state: Tensor; output: Tensor } {
  return scan(
    (h: Tensor, xt: Tensor) => {
      const gates = add(add(matmul(xt, W), matmul(h, U)), b);
      const f = sigmoid(sliceOf(gates, 0));
      const next = add(mul(f, h), mul(sub(1, f), tanh(sliceOf(gates, 1))));
      return { state: next, output: next };
    },
    zerosLike(draw("h", [batch, hidden])),
    xs,
    options,
  );
}

const sliceOf = (gates: Tensor, part: number): Tensor => sliceAxis(gates, 1, part * hidden, (part + 1) * hidden);

const withGradient =
  (options: Over) =>
  (w: Weights, xs: Tensor, lengths: Tensor): Tree => {
    const over = { ...options, ...(options.lengths === undefined ? {} : { lengths }) };
    const loss = (at: { readonly w: Weights; readonly xs: Tensor }): Tensor => {
      const { state, output } = run(at.w, at.xs, over);
      return add(sum(mul(output, output)), sum(max(state, 0)));
    };
    return { ...run(w, xs, over), gradient: grad(loss)({ w, xs }) };
  };

/** Programs of many operations, held to the reference within a tolerance. */
export function programLaws(tolerance: number): Readonly<Record<string, (backend: Backend) => Promise<void>>> {
  const all = tensor(Int32Array.of(time, time, time));
  const ragged = tensor(Int32Array.of(6, 2, 0));
  const held =
    (options: Over, lengths: Tensor = all) =>
    async (backend: Backend): Promise<void> => {
      const f = withGradient(options);
      const compiled = await compile(f, [weights, x, lengths], { backend });
      const found = await compiled(weights, x, lengths);
      await compiled.dispose();
      const expected = new Map(leavesOf(f(weights, x, lengths)).map((leaf) => [leaf.path, leaf.tensor]));
      for (const { path, tensor: y } of leavesOf(found)) {
        const other = expected.get(path);
        if (other === undefined) throw new TensorError(`${path} is not among the results`);
        const off = distance(y, other);
        if (!(off <= tolerance)) throw new TensorError(`${path} is ${off} from the reference, more than ${tolerance}`);
      }
    };
  return {
    "a loop and its gradient have the reference's values": held({}),
    "so has a loop from the last step to the first": held({ reverse: true }),
    "so has one over sequences of different lengths": held({ lengths: ragged }, ragged),
    "so has one whose steps are computed again, segment by segment": held({ segment: 2 }),
  };
}
