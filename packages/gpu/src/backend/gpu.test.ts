// The backend contract, and which mode it is.
import * as t from "@sluice/tensor";
import * as internal from "@sluice/tensor/internal";
import type { Tensor } from "@sluice/tensor";
import { backendSuite, distance } from "@sluice/tensor/testing";
import { describe, expect, test } from "vitest";
import { gpu, type GpuOptions } from "../index.ts";

const values = (x: Tensor): number[] => [...t.valuesOf(x)];

describe("modes", () => {
  test("auto says what it took and why; in Node that is WebAssembly", async () => {
    const backend = await gpu();
    expect(backend).toMatchObject({
      name: "gpu webasm",
      mode: "webasm",
      reason: "it is the fastest available: no webgpu, no webgl2",
    });
    await backend.close();
  });

  test("a mode that is not there is an error that names those that are, and how to get the others", async () => {
    await expect(gpu({ mode: "webgl2" })).rejects.toThrow(
      "gpu: mode webgl2 is not available here. Available: webasm, cpu. webgpu needs a browser with WebGPU and an adapter; in Node the package webgpu, with create([]) as navigator.gpu; " +
        "webgl2 needs a browser with WebGL 2; headlessgl needs Node with the package gl, and a display (xvfb-run)",
    );
    await expect(gpu({ mode: "webgpu" })).rejects.toThrow("gpu: mode webgpu is not available here");
    await expect(gpu({ mode: "headlessgl" })).rejects.toThrow("gpu: mode headlessgl is not available here");
  });

  test("unknown modes and options", async () => {
    await expect(gpu({ mode: "gpu" as "cpu" })).rejects.toThrow(
      "gpu: unknown mode gpu; expected one of webgpu, webgl2, headlessgl, webasm, cpu, auto",
    );
    await expect(gpu({ mode: "cpu", ...{ modus: "cpu" } })).rejects.toThrow(
      "gpu: unknown option modus; did you mean mode?",
    );
  });
});

describe.each<GpuOptions>([{ mode: "cpu" }, { mode: "webasm" }, { mode: "webasm", pipelines: false }])(
  "%o",
  (options) => {
    test("expm1 and elu keep the digits of small arguments, and their ends", async () => {
      const magnitudes = [1e-30, 1e-8, 3e-5, 0.001, 0.1, 0.4999, 0.5001, 0.7, 2, 20, 80];
      const x = t.tensor([...magnitudes, ...magnitudes.map((m) => -m)]);
      const { value, slope, ends } = await (
        await t.compile(
          (y: Tensor, end: Tensor) => ({
            value: [t.expm1(y), t.elu(y)],
            slope: t.grad((z: Tensor) => t.sum(t.elu(z)))(y),
            ends: [t.expm1(end), t.elu(end), t.silu(end), t.softsign(end)],
          }),
          [x, internal.zerosArray([3])],
          { backend: await gpu(options) },
        )
      )(x, t.tensor([-Infinity, 0, Infinity]));
      values(x).forEach((v, i) => {
        const expected = [Math.expm1(v), v > 0 ? v : Math.expm1(v)];
        // Where exp(x) - 1 begins, at 0.5, it doubles the relative error of exp, which is half a unit in the last place
        // in these modes.
        for (const [f, y] of value.entries())
          expect(Math.abs(values(y)[i]! / expected[f]! - 1), `${["expm1", "elu"][f]} at ${v}`).toBeLessThan(
            3 * 2 ** -24,
          );
        expect(Math.abs(values(slope)[i]! / (v > 0 ? 1 : Math.exp(v)) - 1), `derivative at ${v}`).toBeLessThan(
          2 ** -23,
        );
      });
      expect(ends.map(values)).toEqual([
        [-1, 0, Infinity],
        [-1, 0, Infinity],
        [0, 0, Infinity],
        [-1, 0, 1],
      ]);
    });

    test("sin, cos and erf are within 2e-7, and pow within 2e-7 (1 + |y log x|)", async () => {
      const x = t.uniform(t.key(1), [400], { low: -60, high: 60 });
      const y = t.uniform(t.key(2), [400], { low: -6, high: 6 });
      const f = (a: Tensor, b: Tensor) => ({
        flat: [t.sin(a), t.cos(a), t.sin(t.mul(a, 64)), t.erf(b), t.erf(t.div(a, 1e4))],
        powers: [t.pow(t.abs(a), b), t.pow(a, t.floor(b)), t.pow(a, 2)],
      });
      const run = await t.compile(f, [t.tensor(values(x)), t.tensor(values(y))], { backend: await gpu(options) });
      const [results, expected] = [await run(x, y), f(x, y)];
      results.flat.forEach((z, i) =>
        values(z).forEach((v, at) =>
          expect(Math.abs(v - values(expected.flat[i]!)[at]!), `${i} at ${at}`).toBeLessThan(2e-7),
        ),
      );
      results.powers.forEach((z, i) =>
        values(z).forEach((v, at) => {
          const truth = values(expected.powers[i]!)[at]!;
          expect(Math.abs(v / truth - 1), `${i} at ${at}`).toBeLessThan(
            2e-7 * (1 + Math.abs(Math.log(Math.abs(truth)))),
          );
        }),
      );
      const odd = t.tensor([-2, -2, -2, 0, 0, -Infinity, -Infinity, NaN, -1, 0.5, 3]);
      const exponents = t.tensor([3, 4, 0.5, 2, -1, 3, 0.5, 1, Infinity, Infinity, -Infinity]);
      const power = await t.compile(t.pow, [odd, exponents], { backend: await gpu(options) });
      values(await power(odd, exponents)).forEach((v, i) => {
        const truth = values(t.pow(odd, exponents))[i]!;
        if (Number.isFinite(truth)) expect(v, `special ${i}`).toBeCloseTo(truth, 5);
        else expect(v, `special ${i}`).toBe(truth);
      });
    });

    describe("what every backend must pass", () => {
      // Values of primitives are held to the definitions by `tests/conformance.test.ts`, on every mode.
      for (const { name, run } of backendSuite(() => gpu(options), { tolerance: 1e-6, runs: 1 }))
        if (!name.endsWith("has the reference's values")) test(name, run);
    });

    test("two states that become the same value, and one that stays", async () => {
      const step = ({ a, b, c }: { a: Tensor; b: Tensor; c: Tensor }, x: Tensor) => {
        const next = t.add(t.add(a, b), t.mul(c, x));
        return { state: { a: next, b: next, c }, output: [] };
      };
      const session = await t.compileStep(
        step,
        { a: t.tensor([1]), b: t.tensor([10]), c: t.tensor([100]) },
        [t.tensor([0])],
        { backend: await gpu(options) },
      );
      await session.run(t.tensor([1]));
      await session.run(t.tensor([2]));
      const { a, b, c } = await session.state();
      expect([values(a), values(b), values(c)]).toEqual([[422], [422], [100]]);
    });

    test("errors name the backend and what is wrong", async () => {
      const backend = await gpu(options);
      const { program } = t.recordProgram((x: Tensor) => t.mul(x, 2), [t.tensor([1])]);
      const [first, second] = [await backend.compile(program), await backend.compile(program)];
      await expect(first.run([t.tensor([1, 2])])).rejects.toThrow(
        "run: tensor 0 is f32 [2], expected f32 [1]; compile again for other types",
      );
      await first.dispose();
      await expect(first.run([t.tensor([4])])).rejects.toThrow("gpu: the executable was disposed of");
      await backend.close();
      await expect(second.run([t.tensor([4])])).rejects.toThrow("gpu: the backend was closed");
      await expect(backend.compile(program)).rejects.toThrow("gpu: the backend was closed");
    });

    test("f64 is for the reference backend", async () => {
      const { program } = t.recordProgram((x: Tensor) => t.mul(x, 2), [t.tensor(Float64Array.of(1, 2))]);
      await expect((await gpu(options)).compile(program)).rejects.toThrow(
        /gpu: the program has a value of dtype f64, .*reference backend/,
      );
    });

    test("values that are not finite go where the definitions send them", async () => {
      const x = t.tensor([NaN, Infinity, -Infinity, -1, 0, -0, 1, 3e38]);
      const f = (a: Tensor) => [
        t.less(a, Infinity),
        t.less(t.abs(a), Infinity),
        t.max(a, 0),
        t.min(0, a),
        t.log(a),
        t.sqrt(a),
        t.sigmoid(a),
        t.tanh(a),
        t.sign(a),
        t.div(1, a),
        t.convert(a, "i32"),
        t.reduceMax(a),
        t.select(t.equal(a, a), a, 5),
        t.sin(a),
        t.cos(a),
        t.erf(a),
        t.pow(a, 0),
        t.pow(1, a),
      ];
      const run = await t.compile((a: Tensor) => f(a), [x], { backend: await gpu(options) });
      const [results, expected] = [await run(x), f(x)];
      const element = (y: Tensor, i: number): Tensor => t.tensor([t.valuesOf(y)[i]!], [1], { dtype: y.dtype });
      // One by one, since the largest would hide the others.
      results.forEach((y, i) =>
        values(y).forEach((_, at) =>
          expect(distance(element(y, at), element(expected[i]!, at)), `result ${i}, element ${at}`).toBeLessThan(2e-7),
        ),
      );
    });
  },
);
