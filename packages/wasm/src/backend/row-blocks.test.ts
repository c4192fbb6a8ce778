// Loops with large states run a few rows at a time; the results are those of all rows at once.
import { planWithin } from "@sluice/compiler";
import {
  add,
  expand,
  grad,
  key,
  matmul,
  mul,
  normal,
  recordProgram,
  reshape,
  scan,
  sigmoid,
  square,
  sum,
  type ArrayTensor,
  type Tensor,
} from "@sluice/tensor";
import { arrayOf } from "@sluice/tensor/testing";
import { afterAll, expect, test, vi } from "vitest";
import { DEFAULT_TILE, PANEL_COLUMNS } from "../gemm/index.ts";
import { closeVariants, expectAgreement } from "../testing/agree.ts";
import { programModule } from "./program-module.ts";

vi.setConfig({ testTimeout: 60_000 });
afterAll(closeVariants);

const [batch, time, width] = [13, 3, 24];

/** A memory of outer products whose keys are what each input reads from it: its outputs, and the gradients of a loss. */
function memory(S: Tensor, xs: Tensor, W: Tensor): Tensor[] {
  const forward = (at: { readonly S: Tensor; readonly xs: Tensor; readonly W: Tensor }) =>
    scan(
      (state: Tensor, x: Tensor) => {
        const read = reshape(matmul(expand(x, 1), state), [batch, width]);
        const k = sigmoid(matmul(read, at.W));
        const next = add(mul(state, 0.9), mul(expand(k, 2), expand(x, 1)));
        return { state: next, output: reshape(matmul(expand(k, 1), next), [batch, width]) };
      },
      at.S,
      at.xs,
    );
  const {
    S: dS,
    xs: dx,
    W: dW,
  } = grad((at: { readonly S: Tensor; readonly xs: Tensor; readonly W: Tensor }) => {
    const { state, output } = forward(at);
    return add(sum(square(output)), sum(square(state)));
  })({ S, xs, W });
  const { state, output } = forward({ S, xs, W });
  return [output, state, dS, dx, dW];
}

const args: [ArrayTensor, ArrayTensor, ArrayTensor] = [
  arrayOf(normal(key(1), [batch, width, width])),
  arrayOf(normal(key(2), [time, batch, width])),
  arrayOf(normal(key(3), [width, width])),
];

/** The blocks that the loops of the generated program have. */
function blocksOf(cacheBytes?: number): number {
  const { program } = recordProgram(memory, args);
  const { plan } = planWithin(program, { panelColumns: PANEL_COLUMNS, passes: {} });
  const options = cacheBytes === undefined ? {} : { cacheBytes };
  const { print } = programModule(plan, { threads: 1, tile: DEFAULT_TILE, ...options });
  return print().split("i32.lt_u(from, 13)").length - 1;
}

test("all variants give the same bits for a state of matrices", () => expectAgreement(memory, args));

test("rows go in blocks where a step touches more than the cache holds, and weights are small beside it", () => {
  expect(blocksOf(12288)).toBeGreaterThan(0);
  expect(blocksOf()).toBe(0);
  expect(blocksOf(4096)).toBe(0);
});
