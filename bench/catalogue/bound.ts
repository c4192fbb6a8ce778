import { type Plan, type Step, type View, viewsOf } from "@sluice/compiler";
import {
  add,
  compile,
  expand,
  key,
  matmul,
  mul,
  normal,
  scalar,
  scan,
  slice,
  type Backend,
  type Tensor,
} from "@sluice/tensor";
import { nth, sizeOf } from "@sluice/tensor/internal";

/** What a plan does: floating-point operations of its products, and what its other steps read and write. */
export interface Work {
  readonly flops: number;
  readonly bytes: number;
}

export const workOf = ({ steps }: Pick<Plan, "steps">): Work => total(steps.map(workOfStep));

function workOfStep(step: Step): Work {
  if (step.kind === "loop") {
    const { flops, bytes } = total(step.body.map(workOfStep));
    return { flops: step.length * flops, bytes: step.length * bytes };
  }
  if (step.kind !== "matmul") return { flops: 0, bytes: bytesOf(viewsOf(step)) };
  return { flops: 2 * sizeOf(step.c.shape) * nth(step.a.shape, step.a.shape.length - 1), bytes: 0 };
}

const total = (works: readonly Work[]): Work => ({
  flops: works.reduce((sum, { flops }) => sum + flops, 0),
  bytes: works.reduce((sum, { bytes }) => sum + bytes, 0),
});

/** Each window of memory once. An axis with a stride of 0 shows the same again. */
function bytesOf(views: readonly View[]): number {
  const seen = new Map(
    views.map(({ buffer, offset, shape, strides }) => [
      JSON.stringify([buffer, offset, strides]),
      4 * sizeOf(shape.filter((_, axis) => strides[axis] !== 0)),
    ]),
  );
  return [...seen.values()].reduce((sum, bytes) => sum + bytes, 0);
}

/** A program that does nothing but products, or nothing but passes over memory that no cache holds. */
export interface Limit {
  readonly work: Work;
  run(): Promise<unknown>;
  dispose(): Promise<void>;
}

const [SIDE, PRODUCTS] = [256, 16];

/** Products of square matrices, one after the other. */
export async function productsLimit(backend: Backend): Promise<Limit> {
  const inputs = [normal(key(1), [SIDE, SIDE]), normal(key(2), [SIDE, SIDE])] as const;
  const compiled = await compile(
    (a: Tensor, b: Tensor) => Array.from({ length: PRODUCTS }).reduce<Tensor>((c) => matmul(c, b), a),
    [...inputs],
    { backend },
  );
  const flops = 2 * PRODUCTS * SIDE * SIDE * SIDE;
  return { work: { flops, bytes: 0 }, run: () => compiled(...inputs), dispose: () => compiled.dispose() };
}

const [ROWS, COLUMNS, PASSES] = [1024, 2048, 8];

/** Passes that read two arrays of 8 MB and write one. A state without rows keeps the loop from going row by row. */
export async function passesLimit(backend: Backend): Promise<Limit> {
  const inputs = [normal(key(1), [ROWS]), normal(key(2), [COLUMNS])] as const;
  const passes = (a: Tensor, b: Tensor): Tensor => {
    const [x, y] = [mul(expand(a, 1), b), add(expand(a, 1), b)];
    const { state } = scan(
      ({ sum, steps }: { sum: Tensor; steps: Tensor }) => ({
        state: { sum: add(mul(sum, 0.5), y), steps: add(steps, 1) },
        output: [],
      }),
      { sum: x, steps: scalar(0) },
      {},
      { length: PASSES },
    );
    return slice(state.sum, [0, 0], [1, 1]);
  };
  const compiled = await compile(passes, [...inputs], { backend });
  const bytes = 4 * ROWS * COLUMNS * (3 * PASSES + 2);
  return { work: { flops: 0, bytes }, run: () => compiled(...inputs), dispose: () => compiled.dispose() };
}
