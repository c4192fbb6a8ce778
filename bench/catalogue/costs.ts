import {
  add,
  compile,
  cos,
  div,
  erf,
  exp,
  expm1,
  key,
  log,
  log1p,
  mul,
  pow,
  scan,
  sigmoid,
  sin,
  sqrt,
  tanh,
  uniform,
  type Backend,
  type Tensor,
} from "@sluice/tensor";
import { inTurns, median } from "../statistics.ts";
import type { FunctionName } from "./operations.ts";
import { taker } from "./taker.ts";

/** Milliseconds of one evaluation of each function, and of one addition or multiplication. */
export type Costs = Readonly<Record<FunctionName | "simple", number>>;

/** Multiplications and additions that are measured together. */
const SIMPLE = 16;

const measured: Readonly<Record<FunctionName | "simple", (x: Tensor) => Tensor>> = {
  simple: (x) => Array.from({ length: SIMPLE / 2 }).reduce<Tensor>((y) => add(mul(y, 0.75), 0.25), x),
  cos,
  div: (x) => div(1, x),
  erf,
  exp,
  expm1,
  log,
  log1p,
  pow: (x) => pow(x, 1.5),
  sigmoid,
  sin,
  sqrt,
  tanh,
};

/** A state of 16 KB stays in the first cache. */
const [ROWS, COLUMNS, STEPS] = [16, 256, 400];

/** Measures passes with and without each operation, in turns, over values that stay in the cache. */
export async function operationCosts(
  backend: Backend,
  { samples, warmMilliseconds }: { readonly samples: number; readonly warmMilliseconds: number },
): Promise<Costs> {
  const ms = new Map<string, number>();
  const empty = await passesOf(backend, (x) => x);
  const takeEmpty = await taker(empty.run, warmMilliseconds);
  for (const [name, operation] of Object.entries(measured)) {
    const program = await passesOf(backend, operation);
    const times = await inTurns<string>(
      [
        ["with", await taker(program.run, warmMilliseconds)],
        ["without", takeEmpty],
      ],
      samples,
    );
    await program.dispose();
    const more = median(times.get("with") ?? []) - median(times.get("without") ?? []);
    ms.set(name, Math.max(0, more) / (ROWS * COLUMNS * STEPS) / (name === "simple" ? SIMPLE : 1));
  }
  await empty.dispose();
  const of = (name: keyof Costs): number => ms.get(name) ?? 0;
  return {
    simple: of("simple"),
    cos: of("cos"),
    div: of("div"),
    erf: of("erf"),
    exp: of("exp"),
    expm1: of("expm1"),
    log: of("log"),
    log1p: of("log1p"),
    pow: of("pow"),
    sigmoid: of("sigmoid"),
    sin: of("sin"),
    sqrt: of("sqrt"),
    tanh: of("tanh"),
  };
}

/** Passes that apply an operation to their state and keep the result within bounds. */
async function passesOf(
  backend: Backend,
  operation: (x: Tensor) => Tensor,
): Promise<{ run(): Promise<unknown>; dispose(): Promise<void> }> {
  const inputs = [uniform(key(1), [ROWS, COLUMNS], { low: 1, high: 2 })] as const;
  const compiled = await compile(
    (x: Tensor) =>
      scan((state: Tensor) => ({ state: add(mul(operation(state), 0.25), 1.5), output: [] }), x, {}, { length: STEPS })
        .state,
    [...inputs],
    { backend },
  );
  return { run: () => compiled(...inputs), dispose: () => compiled.dispose() };
}
