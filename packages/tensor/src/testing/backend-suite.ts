import type { Backend } from "../backend/backend.ts";
import { TensorError } from "../errors.ts";
import { checkFunction } from "../arguments.ts";
import { checkOptions } from "../options.ts";
import { contractLaws } from "./backend-contract.ts";
import { type Law, lawsOf, type RunLaw } from "./laws.ts";
import { primitiveFinding } from "./conformance.ts";
import { primitiveCases } from "./primitive-cases.ts";
import { programLaws } from "./backend-programs.ts";

/** One law, to be run as a test. */
export type BackendLaw = Law;

/** Options of {@link backendSuite}. */
export interface BackendSuiteOptions {
  /**
   * How far results of a single primitive may be from the reference's, relative to the largest value of the tensor: see
   * {@link distance}. Default 0: the same bits, NaN, infinities and signs of zero among them.
   */
  readonly tolerance?: number;
  /**
   * The same for programs, such as a loop with its gradient, where a backend may take sums in another order. Default
   * 1e-5, or `tolerance` where that is more.
   */
  readonly programTolerance?: number;
  /** Random shapes, dtypes and values for each primitive. Default 8. */
  readonly runs?: number;
  /** Laws that do not hold for the backend, and why. */
  readonly except?: Readonly<Record<string, string>>;
}

/**
 * The laws that every backend must pass, as tests of any runner:
 *
 *     for (const { name, skip, run } of backendSuite(() => myBackend(), { tolerance: 1e-6 }))
 *       test(name, { skip: skip !== undefined }, run);
 *
 * Each primitive on random shapes, dtypes and views against its definition; loops with their gradients; state that
 * stays, is read, set and replaced; the order of runs and who owns arrays; errors for what does not fit, after which
 * the backend goes on; disposal and closing. Each law opens a backend of its own and closes it.
 */
export function backendSuite(
  open: () => Backend | Promise<Backend>,
  options: BackendSuiteOptions = {},
): readonly BackendLaw[] {
  checkFunction("backendSuite", "open", open);
  checkOptions("backendSuite", options, ["tolerance", "programTolerance", "runs", "except"]);
  const { tolerance = 0, runs = 8, except } = options;
  const programTolerance = options.programTolerance ?? Math.max(tolerance, 1e-5);
  const laws: readonly (readonly [string, (backend: Backend) => Promise<void>])[] = [
    ...namesOf(primitiveCases).map(
      (name) => [`${name} has the reference's values`, primitiveLaw(name, tolerance, runs)] as const,
    ),
    ...Object.entries(programLaws(programTolerance)),
    ...Object.entries(contractLaws),
  ];
  const onOwn = (law: (backend: Backend) => Promise<void>) => async (): Promise<void> => {
    const backend = await open();
    try {
      await law(backend);
    } finally {
      await backend.close();
    }
  };
  const checks: Readonly<Record<string, RunLaw>> = Object.fromEntries(laws.map(([name, law]) => [name, onOwn(law)]));
  return lawsOf("backendSuite", checks, { except });
}

type PrimitiveName = keyof typeof primitiveCases;

function namesOf<K extends string>(table: Readonly<Record<K, unknown>>): K[];
function namesOf(table: object): string[] {
  return Object.keys(table);
}

function primitiveLaw(name: PrimitiveName, tolerance: number, runs: number) {
  return async (backend: Backend): Promise<void> => {
    const { distance, problem } = await primitiveFinding(backend, name, { runs, specials: tolerance === 0 });
    if (problem !== undefined) throw new TensorError(`${name}: ${problem}`);
    if (!(distance <= tolerance))
      throw new TensorError(`${name}: results are ${distance} from the reference, more than ${tolerance}`);
  };
}
