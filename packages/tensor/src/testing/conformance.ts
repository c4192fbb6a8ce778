import { compile } from "../backend/compile.ts";
import type { Backend } from "../backend/backend.ts";
import { zip } from "../lists.ts";
import { valuesOf, type Tensor } from "../tensor.ts";
import { distance } from "./distance.ts";
import { chooser, primitiveCases, type Choose } from "./primitive-cases.ts";
import { lookAt, randomTensor } from "./random.ts";

/** How far a backend is from the definitions for one primitive, or the error that occurred. */
export interface Finding {
  readonly name: string;
  /** The largest {@link distance} over all runs. */
  readonly distance: number;
  readonly problem?: string;
}

/** Options of {@link primitiveFindings}. */
export interface PrimitiveFindingsOptions {
  /** Random choices of shapes, dtypes and values per primitive. Default 8. */
  readonly runs?: number;
}

/**
 * Compares every primitive with its definition, on random shapes and dtypes and with operands seen through random
 * views.
 */
export async function primitiveFindings(
  backend: Backend,
  { runs = 8 }: PrimitiveFindingsOptions = {},
): Promise<Finding[]> {
  const findings: Finding[] = [];
  for (const name of Object.keys(primitiveCases) as PrimitiveName[])
    findings.push(await primitiveFinding(backend, name, { runs, specials: false }));
  return findings;
}

type PrimitiveName = keyof typeof primitiveCases;

/** One primitive. With `specials`, values at the edges too, and 0 is the distance of equal bits alone. */
export async function primitiveFinding(
  backend: Backend,
  name: PrimitiveName,
  { runs, specials }: { readonly runs: number; readonly specials: boolean },
): Promise<Finding> {
  let worst = 0;
  for (let seed = 1; seed <= runs; seed++) {
    const choose = chooser(seed * 7919);
    const shape = randomShape(choose);
    const { operands, apply } = primitiveCases[name](shape, choose);
    const looks = operands.map((operand) => lookAt(operand.shape, choose(30)));
    const args = zip(looks, operands).map(([{ stored }, { dtype }], i) =>
      randomTensor(stored, dtype, seed + i, specials),
    );
    const f = (...given: Tensor[]): readonly Tensor[] =>
      [apply(...zip(given, looks).map(([x, { look }]) => look(x)))].flat();
    try {
      const run = await compile((...given: Tensor[]) => f(...given), args, { backend });
      const results = await run(...args);
      await run.dispose();
      for (const [y, result] of zip(f(...args), results)) {
        worst = Math.max(worst, distance(result, y));
        if (specials && worst === 0 && !sameBits(result, y)) worst = Number.MIN_VALUE;
      }
    } catch (error) {
      const problem = `seed ${seed}, shape [${shape.join()}]: ${error instanceof Error ? error.message : String(error)}`;
      return { name, distance: worst, problem };
    }
  }
  return { name, distance: worst };
}

function sameBits(x: Tensor, y: Tensor): boolean {
  const [a, b] = [valuesOf(x), valuesOf(y)];
  return b.every((value, i) => Object.is(value, a[i]));
}

function randomShape(choose: Choose): number[] {
  // The first random numbers of neighboring seeds are similar.
  for (let i = 0; i < 5; i++) choose(7);
  const rank = choose(5);
  return Array.from({ length: rank }, () => (choose(12) === 0 ? 0 : 1 + choose(rank < 3 ? 20 : 5)));
}
