/** What the suites of all interfaces have in common: laws by name, of which some may be left out with a reason. */
import { TensorError } from "../errors.ts";
import { suggestion } from "../nearest.ts";

/** One law, to be run as a test of any runner. */
export interface Law<N extends string = string> {
  readonly name: N;
  /** Why the law is left out; run it otherwise. */
  readonly skip?: string;
  /** Throws or rejects where the law is broken. */
  run(): void | Promise<void>;
}

/** What runs a law. */
export type RunLaw = Law["run"];

/** The reasons for which laws are left out, by their names. */
export type Reasons<N extends string> = Partial<Readonly<Record<N, string | undefined>>>;

/** Options of {@link lawsOf}. */
export interface LawsOptions<N extends string> {
  /** What the user of the suite leaves out. A name that is not a law's is an error. */
  readonly except?: Reasons<N> | undefined;
  /** What cannot be tried, such as a law about backends without a backend. `except` comes first. */
  readonly untried?: Reasons<N>;
}

/** The laws of a suite, in the order of `checks`. `suite` begins the error about an unknown name. */
export function lawsOf<N extends string>(
  suite: string,
  checks: Readonly<Record<N, RunLaw>>,
  options?: LawsOptions<NoInfer<N>>,
): readonly Law<N>[];
export function lawsOf(
  suite: string,
  checks: Readonly<Record<string, RunLaw>>,
  { except = {}, untried = {} }: LawsOptions<string> = {},
): readonly Law[] {
  const names = Object.keys(checks);
  const strange = Object.keys(except).find((name) => !names.includes(name));
  if (strange !== undefined) throw new TensorError(`${suite}: no law ${strange}; ${suggestion(strange, names)}`);
  return Object.entries(checks).map(([name, run]) => {
    const skip = except[name] ?? untried[name];
    return { name, ...(skip === undefined ? {} : { skip }), run };
  });
}

/** A table of checks of a subject, each as a law runs it. The subject is made when it is first needed. */
export function checksOf<N extends string, S>(
  checks: Readonly<Record<N, (subject: S) => void | Promise<void>>>,
  subject: () => S,
): Readonly<Record<N, RunLaw>>;
export function checksOf<S>(
  checks: Readonly<Record<string, (subject: S) => void | Promise<void>>>,
  subject: () => S,
): Readonly<Record<string, RunLaw>> {
  return Object.fromEntries(Object.entries(checks).map(([name, check]) => [name, () => check(subject())]));
}

/** Calls a function once, and keeps what it makes. */
export function once<T>(make: () => T): () => T {
  let made: { readonly value: T } | undefined;
  return () => (made ??= { value: make() }).value;
}
