// Work that grows with the square of a program, or worse, shows here as a test that does not end.
import { expect, test } from "vitest";
import * as t from "../index.ts";
import type { Tensor } from "../index.ts";

const x = t.tensor([0.5, -0.5]) as Tensor;

function chain(length: number, y: Tensor): Tensor {
  let z = y;
  for (let i = 0; i < length; i++) z = i % 2 === 0 ? t.tanh(z) : t.add(z, y);
  return z;
}

const nodes = (program: t.Program): number =>
  program.nodes.reduce((sum, { operation }) => sum + 1 + ("body" in operation ? nodes(operation.body) : 0), 0);

function sizes(f: (y: Tensor) => Tensor): { forward: number; gradient: number } {
  const gradient = t.grad((y: Tensor) => t.sum(f(y)));
  return { forward: nodes(t.recordProgram(f, [x]).program), gradient: nodes(t.recordProgram(gradient, [x]).program) };
}

test("a chain of 20,000 operations, each also reading the input, is recorded and differentiated; the gradient has a few operations for each", () => {
  const { forward, gradient } = sizes((y) => chain(20_000, y));
  expect(forward).toBe(20_000);
  expect(gradient).toBeLessThan(6 * forward);
}, 60_000);

test("shared operands are followed once: 2^60 paths through 60 operations", () => {
  const doubled = (y: Tensor): Tensor => {
    let z = y;
    for (let i = 0; i < 60; i++) z = t.mul(t.add(z, z), 0.5);
    return z;
  };
  expect(sizes(doubled).gradient).toBeLessThan(1000);
  // The same inside a loop, where the values to keep are chosen; the product makes the gradient need them.
  const loop = (y: Tensor): Tensor =>
    t.scan((h: Tensor) => ({ state: t.tanh(t.mul(doubled(h), doubled(h))), output: [] }), y, [], { length: 3 }).state;
  expect(sizes(loop).gradient).toBeLessThan(2000);
  expect(sizes((y) => t.checkpoint(doubled)(y)).gradient).toBeLessThan(1000);
});

test("a loop whose step is 5,000 operations long", () => {
  const f = (y: Tensor): Tensor =>
    t.scan((h: Tensor) => ({ state: chain(5000, h), output: [] }), y, [], { length: 2 }).state;
  const { forward, gradient } = sizes(f);
  expect(gradient).toBeLessThan(8 * forward);
}, 60_000);

test("300 loops one after another, each behind a long program: the gradient grows with their number", () => {
  const f =
    (count: number) =>
    (y: Tensor): Tensor => {
      let z = chain(2000, y);
      for (let i = 0; i < count; i++)
        z = t.scan((h: Tensor) => ({ state: t.tanh(t.mul(h, y)), output: [] }), z, [], { length: 2 }).state;
      return z;
    };
  const [few, many] = [sizes(f(100)).gradient - sizes(f(0)).gradient, sizes(f(300)).gradient - sizes(f(0)).gradient];
  expect(many).toBeLessThan(3.1 * few);
}, 60_000);

test("20,000 uses of one tensor", () => {
  const f = (y: Tensor): Tensor => t.sum(t.concat(Array.from({ length: 20_000 }, (_, i) => t.mul(y, i))));
  expect(sizes(f).gradient).toBeLessThan(160_000);
}, 60_000);
