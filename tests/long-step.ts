// One long training step, and whether the calling thread's event loop keeps running.
import {
  compileStep,
  full,
  item,
  matmul,
  mul,
  scan,
  square,
  sub,
  sum,
  tanh,
  valueAndGrad,
  type Backend,
  type Tensor,
} from "@sluice/tensor";

export interface LongStep {
  /** Of the step. */
  readonly milliseconds: number;
  /** The longest time between two turns of the event loop while it ran. */
  readonly longestPause: number;
  /** After two steps. */
  readonly loss: number;
}

/** Gradient descent on a plain recurrent layer: 64 sequences of 1,000 steps, 256 units; 25 GFLOP. */
export async function longStep(backend: Backend): Promise<LongStep> {
  const h = full([64, 256], 0.5);
  const step = (U: Tensor) => {
    const { value, gradient } = valueAndGrad((at: Tensor) => {
      const { state } = scan((s: Tensor) => ({ state: tanh(matmul(s, at)), output: [] }), h, [], { length: 1000 });
      return sum(square(sub(state, 0.1)));
    })(U);
    return { state: sub(U, mul(gradient, 1e-6)), output: value };
  };
  const session = await compileStep(step, full([256, 256], 0.004), [], { backend });
  await session.run();
  const start = performance.now();
  const pauses = watchPauses();
  const loss = item(await session.run());
  const milliseconds = performance.now() - start;
  const longestPause = pauses.stop();
  await session.dispose();
  return { milliseconds, longestPause, loss };
}

function watchPauses(): { stop(): number } {
  let [last, longest] = [performance.now(), 0];
  const turn = (): void => {
    const now = performance.now();
    [last, longest] = [now, Math.max(longest, now - last)];
  };
  const timer = setInterval(turn, 4);
  return {
    stop() {
      clearInterval(timer);
      turn();
      return longest;
    },
  };
}
