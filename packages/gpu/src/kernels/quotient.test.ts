// Indices are divided in floats, and a device may round a division by a few units in the last place: the kernel's
// quotient has to be exact all the same.
import fc from "fast-check";
import { expect, test } from "vitest";
import { kernelBody, thread } from "./body.ts";
import { MOST_ELEMENTS, variable } from "./position.ts";

/**
 * A kernel's code on a device that computes in f32 and gives, of two numbers' quotient, the float that is `units`
 * further than the nearest: 2 make 2.5 units in the last place.
 */
function quotientOn(
  units: number,
  threads: number,
  divisor: number,
): (i: number) => [quotient: number, remainder: number] {
  const body = kernelBody(threads);
  const [quotient, remainder] = [body.code(body.quotient(thread, divisor)), body.code(body.remainder(thread, divisor))];
  body.line(`return [${quotient}, ${remainder}];`);
  const { code } = body.finish();
  // Every operation rounds to f32; so does what is written out here.
  const rounded = code
    .replaceAll(/\((\w+) \+ 0\.5\) \/ ([\d.]+)/g, "divide(f($1 + 0.5), $2)")
    .replaceAll(/(\w+) \/ ([\d.]+) - 1\.5/g, "f(divide($1, $2) - 1.5)")
    .replaceAll(/(\w+) - (\w+) \* ([\d.]+)/g, "f($1 - f($2 * $3))");
  const bits = new Int32Array(1);
  const float = new Float32Array(bits.buffer);
  const divide = (a: number, b: number): number => {
    float[0] = a / b;
    bits[0] = Math.max(0, bits[0]! + units);
    return float[0];
  };
  expect(rounded).toContain("divide(");
  expect(rounded.replaceAll("divide(", "")).not.toContain(" / ");
  const kernel: unknown = new Function("f", "divide", `return ${rounded}`)(Math.fround, divide);
  if (typeof kernel !== "function") throw new Error("expected a function");
  return (i) => Reflect.apply(kernel, { thread: { x: i } }, []) as [number, number];
}

const near = (divisor: number, threads: number, at: number, off: number): number =>
  Math.max(0, Math.min(threads - 1, Math.floor(at / divisor) * divisor + off));

test.each([
  ["few", 400_000],
  ["many", MOST_ELEMENTS],
] as const)("a quotient is exact for %s threads, whatever the device rounds to", (_, threads) => {
  fc.assert(
    fc.property(
      fc.constantFrom(-2, -1, 0, 1, 2),
      fc.integer({ min: 2, max: 5000 }),
      fc.nat(threads - 1),
      fc.constantFrom(-1, 0, 1),
      (units, divisor, at, off) => {
        const i = near(divisor, threads, at, off);
        expect(quotientOn(units, threads, divisor)(i)).toEqual([Math.floor(i / divisor), i % divisor]);
      },
    ),
    { numRuns: 5000 },
  );
});

test("so is one of an index that is not known to be small", () => {
  expect(kernelBody().code(variable("i"))).toBe("i");
  const divide = quotientOn(-2, Infinity, 3);
  for (let i = MOST_ELEMENTS - 300; i < MOST_ELEMENTS; i++) expect(divide(i)).toEqual([Math.floor(i / 3), i % 3]);
});
