import { reference, type Backend } from "@sluice/tensor";
import type { GradientTransform } from "../gradient-transform.ts";
import { chaining } from "./chaining.ts";
import { compiled } from "./compiled.ts";
import { numbers } from "./numbers.ts";
import { purity } from "./purity.ts";

/** The functions of a test framework; Vitest, Jest, Mocha and `node:test` have both. */
export interface TestFunctions {
  readonly describe: (name: string, body: () => void) => unknown;
  readonly test: (name: string, body: () => void | Promise<void>) => unknown;
}

/** Options of {@link gradientTransformSuite}. */
export interface TransformSuiteOptions {
  /** Backends on which compiled steps must have the bits of eager evaluation. Default: the reference backend. */
  readonly backends?: readonly Backend[];
}

/** A law that every gradient transform must obey. `run` throws an error that says how it is broken. */
export interface Check {
  readonly name: string;
  run(): void | Promise<void>;
}

/**
 * Tests that any gradient transform must pass, ours and yours:
 *
 *     import { describe, test } from "vitest";
 *     gradientTransformSuite({ describe, test }, () => myClipper(1), { backends: [wasm()] });
 *
 * `make` returns a new transform each time it is called, always with the same options.
 */
export function gradientTransformSuite(
  { describe, test }: TestFunctions,
  make: () => GradientTransform,
  options: TransformSuiteOptions = {},
): void {
  const { backends = [reference()] } = options;
  describe(`${make().name} is a gradient transform that`, () => {
    const checks: readonly Check[] = [
      ...purity(make),
      ...numbers(make),
      ...chaining(make),
      ...backends.flatMap((backend) => compiled(make, backend)),
    ];
    for (const { name, run } of checks) test(name, run);
  });
}
