import type { ElementwiseStep, Instruction, Plan, Step } from "@sluice/compiler";
import { nth, sizeOf } from "@sluice/tensor/internal";

/** Operations that cost more than an addition, by name. All others count as `simple`. */
export const functionNames = [
  "cos",
  "div",
  "erf",
  "exp",
  "expm1",
  "log",
  "log1p",
  "pow",
  "sigmoid",
  "sin",
  "sqrt",
  "tanh",
] as const;
export type FunctionName = (typeof functionNames)[number];

/** How often the passes of a plan evaluate each function, and how many simple operations they do, each on one number. */
export type Operations = Readonly<Partial<Record<FunctionName | "simple", number>>>;

/** What the steps of a plan do, for its profile. */
export interface Account {
  readonly operations: Operations;
  /** Passes, and the values that they walk over. */
  readonly passes: number;
  readonly elements: number;
  /** Floating-point operations of products, and those of them in products of at most `batch` rows. */
  readonly flops: number;
  readonly fewRows: number;
  /** Bytes that batched products read of matrices of their own: each number is used for one row, or few. */
  readonly matrices: number;
}

/** Counts what a plan does. `batch` is the number of rows of a batch. */
export function accountOf({ steps }: Pick<Plan, "steps">, batch: number): Account {
  return sum(steps.map((step) => accountOfStep(step, batch)));
}

const nothing: Account = { operations: {}, passes: 0, elements: 0, flops: 0, fewRows: 0, matrices: 0 };

function accountOfStep(step: Step, batch: number): Account {
  switch (step.kind) {
    case "loop":
      return times(sum(step.body.map((inner) => accountOfStep(inner, batch))), step.length);
    case "elementwise":
      return { ...nothing, operations: operationsOf(step), passes: 1, elements: sizeOf(step.shape) };
    case "reduce":
      return { ...nothing, operations: { simple: sizeOf(step.x.shape) }, passes: 1, elements: sizeOf(step.x.shape) };
    case "matmul": {
      const { a, b, c } = step;
      const flops = 2 * sizeOf(c.shape) * nth(a.shape, a.shape.length - 1);
      const rows = sizeOf(c.shape.slice(0, -1));
      const own = b.strides.slice(0, -2).some((stride, axis) => stride !== 0 && nth(b.shape, axis) > 1);
      return { ...nothing, flops, fewRows: rows <= batch ? flops : 0, matrices: own ? 4 * sizeOf(b.shape) : 0 };
    }
    default:
      return nothing;
  }
}

/**
 * An instruction is counted once for each position along the axes that its operands vary on: a value that all rows
 * share need not be computed for each of them. Loads, stores and constants are no operations.
 */
function operationsOf({ shape, inputs, instructions, reductions }: ElementwiseStep): Operations {
  const varies: boolean[][] = [];
  let counted: Operations = {};
  for (const instruction of instructions) {
    const axes = axesOf(instruction, { shape, inputs, varies });
    varies.push(axes);
    const name = nameOf(instruction);
    if (name !== undefined) counted = plus(counted, { [name]: sizeOf(shape.filter((_, axis) => axes[axis])) });
  }
  return plus(counted, reductions === undefined ? {} : { simple: reductions.results.length * sizeOf(shape) });
}

function axesOf(
  instruction: Instruction,
  { shape, inputs, varies }: Pick<ElementwiseStep, "shape" | "inputs"> & { readonly varies: readonly boolean[][] },
): boolean[] {
  if (instruction.op === "constant") return shape.map(() => false);
  if (instruction.op === "load") return nth(inputs, instruction.input).strides.map((stride) => stride !== 0);
  return shape.map((_, axis) => instruction.args.some((arg) => varies[arg]?.[axis] === true));
}

/** What an instruction counts as; undefined if it moves a number or names one. */
function nameOf({ op }: Instruction): FunctionName | "simple" | undefined {
  if (op === "load" || op === "constant" || op === "stopGradient") return undefined;
  return functionNames.find((name) => name === op) ?? "simple";
}

function plus(a: Operations, b: Operations): Operations {
  const counted: Partial<Record<FunctionName | "simple", number>> = { ...a };
  for (const name of ["simple", ...functionNames] as const) {
    const more = b[name] ?? 0;
    if (more > 0) counted[name] = (counted[name] ?? 0) + more;
  }
  return counted;
}

function sum(accounts: readonly Account[]): Account {
  return accounts.reduce(
    (a, b) => ({
      operations: plus(a.operations, b.operations),
      passes: a.passes + b.passes,
      elements: a.elements + b.elements,
      flops: a.flops + b.flops,
      fewRows: a.fewRows + b.fewRows,
      matrices: a.matrices + b.matrices,
    }),
    nothing,
  );
}

function times(account: Account, n: number): Account {
  const { operations, passes, elements, flops, fewRows, matrices } = account;
  return {
    operations: Object.fromEntries(Object.entries(operations).map(([name, count]) => [name, n * count])),
    passes: n * passes,
    elements: n * elements,
    flops: n * flops,
    fewRows: n * fewRows,
    matrices: n * matrices,
  };
}
