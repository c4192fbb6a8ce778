// At the ends of the range, where a clamp or a choice decides, activations have the bits of their definition.
import * as t from "@sluice/tensor";
import type { Tensor } from "@sluice/tensor";
import { afterAll, test } from "vitest";
import { closeVariants, expectAgreement } from "../testing/agree.ts";

afterAll(closeVariants);

const ends = [
  0,
  1e-45,
  1e-30,
  1e-8,
  3e-8,
  1e-4,
  0.1,
  0.34,
  0.35,
  1,
  17,
  20,
  88.5,
  89,
  104,
  749,
  751,
  2 ** 25,
  2 ** 54,
  3e38,
  Infinity,
];
const x = t.tensor([...ends, ...ends.map((y) => -y), NaN]);

test.each<[string, (x: Tensor) => Tensor]>([
  ["expm1", t.expm1],
  ["elu", t.elu],
  ["silu", t.silu],
  ["gelu", t.gelu],
  ["gelu by tanh", (y) => t.gelu(y, { approximate: "tanh" })],
  ["erf", t.erf],
  ["sin", t.sin],
  ["cos", t.cos],
  ["pow", (y) => t.pow(y, 1.5)],
  ["exponentials of 3", (y) => t.pow(3, y)],
  ["softsign", t.softsign],
  ["softplus", t.softplus],
  ["hardSigmoid", t.hardSigmoid],
])("%s and its gradient", async (_, f) => {
  await expectAgreement((y: Tensor) => [f(y), t.grad((z: Tensor) => t.sum(f(z)))(y)], [x]);
});
