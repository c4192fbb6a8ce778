import type { NodeOf, Operation, OperationOf, primitives } from "@sluice/tensor/internal";
import * as beyond from "./beyond.ts";
import * as lift from "./lift.ts";
import * as rows from "./rows.ts";

/**
 * The role of an operation in planning. Elementwise operations are fused. A view moves nothing. An assembly is filled
 * in place by its parts. An anchor is a separate step. A wrapper is replaced by the program that it contains before
 * planning.
 */
export type Role = "elementwise" | "view" | "assembly" | "anchor" | "wrapper" | "input";

/**
 * The cost per element. Elementwise: `light` costs less to repeat than to load, `short` a little more, `slow` about as
 * much as a division, `long` dozens of instructions. Other operations: `moved` elements cost nothing themselves; `bulk`
 * work is faster for all steps of a loop together than step by step; `own` work is neither.
 */
type Cost = "light" | "short" | "slow" | "long" | "moved" | "bulk" | "own";

/**
 * How elements of an operand are read: each by one element of the result (`each`), by one of the few elements of the
 * result (`once`), or repeatedly (`again`).
 */
export type Reading = "each" | "once" | "again";

/**
 * How an operation is restricted to the active rows of a ragged batch: by the rows of the result (`rows`), through a
 * `view`, by parts (`parts`), as a product with rows on the left (`product`), as a `sum` or a `maximum` along another
 * axis, as consecutive `words`, by `indices`, by a loop's own rules (`loop`), or not at all (`never`).
 */
type Active = "rows" | "view" | "parts" | "product" | "sum" | "maximum" | "words" | "indices" | "loop" | "never";

/** Everything that the compiler and the backends ask about a primitive, apart from its values. */
export interface Facts<O extends Operation> {
  readonly role: Role;
  readonly cost: Cost;
  /** One for all operands, or one per operand. */
  readonly reads: Reading | readonly Reading[];
  /** Whether the result may be written into any row-major window of memory, such as its part of a concatenation. */
  readonly placeable: boolean;
  /** For an anchor: whether a kernel can also compute single elements of it while it computes other values. */
  readonly byElement: boolean;
  /**
   * Whether summing the results over the steps of a loop equals the result for the sum, with each element moved once.
   */
  readonly sumsThrough: boolean;
  /** What replaces it once gradients are taken: nothing, its operand, or the program that it contains. */
  readonly expands: "itself" | "operand" | "body";
  readonly active: Active;
  /** Whether row b of the result needs only row b of the operands, if the result has rows. */
  rows(question: rows.RowQuestion<O>): boolean;
  /** What is known of the result beyond the lengths. */
  beyond(question: beyond.BeyondQuestion<O>): beyond.Beyond;
  /** How it is done for all steps of a loop at once. */
  readonly lift: lift.LiftRule<O>;
}

type Name = keyof typeof primitives;

const elementwise = (cost: Cost, ofZero: Facts<Operation>["beyond"]) =>
  ({
    role: "elementwise",
    cost,
    reads: "each",
    placeable: true,
    byElement: true,
    sumsThrough: false,
    expands: "itself",
    active: "rows",
    rows: rows.always,
    beyond: ofZero,
    lift: lift.elementwise,
  }) as const;

const view = {
  role: "view",
  cost: "moved",
  reads: "each",
  placeable: false,
  byElement: true,
  sumsThrough: true,
  expands: "itself",
  active: "view",
  beyond: beyond.sameElements,
} as const;

/** Another name for its operand. */
const identity = {
  ...view,
  sumsThrough: false,
  expands: "operand",
  rows: rows.sameRows,
  lift: lift.elementwise,
} as const;

const assembly = {
  role: "assembly",
  cost: "moved",
  reads: "each",
  placeable: true,
  byElement: true,
  expands: "itself",
  active: "parts",
} as const;

const anchor = {
  role: "anchor",
  cost: "own",
  reads: "again",
  placeable: false,
  byElement: false,
  sumsThrough: false,
  expands: "itself",
  active: "never",
  rows: rows.never,
  beyond: beyond.unknown,
  lift: lift.never,
} as const;

const reduction = {
  ...anchor,
  cost: "bulk",
  reads: "once",
  placeable: true,
  rows: rows.alongOtherAxes,
  lift: lift.alongAxis,
} as const;

const wrapper = { ...anchor, role: "wrapper", expands: "body" } as const;

/** The facts of every primitive. The table does not compile if one is missing. */
const facts = {
  abs: elementwise("light", beyond.positiveZeroOfZero),
  add: elementwise("light", beyond.ofAddition),
  and: elementwise("light", beyond.ofAnd),
  broadcast: { ...view, sumsThrough: false, rows: rows.ofBroadcast, lift: lift.ofBroadcast },
  ceil: elementwise("short", beyond.unknown),
  checkpoint: wrapper,
  concat: { ...assembly, sumsThrough: false, rows: rows.alongOtherAxes, beyond: beyond.ofParts, lift: lift.ofConcat },
  convert: elementwise("light", beyond.ofConversion),
  cos: elementwise("long", beyond.unknown),
  cumulativeSum: { ...anchor, rows: rows.alongOtherAxes, beyond: beyond.ofSum, lift: lift.alongAxis },
  customGradient: wrapper,
  div: elementwise("slow", beyond.zeroOfZero),
  equal: elementwise("light", beyond.unknown),
  erf: elementwise("long", beyond.zeroOfZero),
  exp: elementwise("long", beyond.unknown),
  expm1: elementwise("long", beyond.zeroOfZero),
  floor: elementwise("short", beyond.unknown),
  gather: {
    ...anchor,
    cost: "bulk",
    reads: ["again", "each"],
    byElement: true,
    active: "indices",
    rows: rows.ofGather,
    lift: lift.ofGather,
  },
  input: { ...anchor, role: "input" },
  iota: { ...anchor, byElement: true },
  less: elementwise("light", beyond.unknown),
  lessEqual: elementwise("light", beyond.unknown),
  log: elementwise("long", beyond.unknown),
  log1p: elementwise("long", beyond.zeroOfZero),
  matmul: {
    ...anchor,
    cost: "bulk",
    placeable: true,
    active: "product",
    rows: rows.ofMatrixProduct,
    beyond: beyond.ofMatrixProduct,
    lift: lift.matrixProduct,
  },
  max: elementwise("light", beyond.unknown),
  min: elementwise("light", beyond.unknown),
  mul: elementwise("light", beyond.ofProduct),
  name: identity,
  neg: { ...elementwise("light", beyond.zeroOfZero), sumsThrough: true },
  not: elementwise("light", beyond.unknown),
  or: elementwise("light", beyond.ofOr),
  pad: { ...assembly, sumsThrough: true, rows: rows.ofPadding, beyond: beyond.ofPadding, lift: lift.ofPadding },
  pow: elementwise("long", beyond.unknown),
  randomBits: { ...anchor, active: "words", rows: rows.ofRandomBits },
  reduceMax: { ...reduction, active: "maximum", beyond: beyond.sameElements },
  reduceSum: { ...reduction, active: "sum", beyond: beyond.ofSum },
  reshape: { ...view, rows: rows.sameRows, lift: lift.ofReshape },
  scan: { ...anchor, active: "loop" },
  scatterAdd: anchor,
  select: elementwise("light", beyond.ofChoice),
  shiftRight: elementwise("short", beyond.unknown),
  sigmoid: elementwise("long", beyond.unknown),
  sign: elementwise("short", beyond.unknown),
  sin: elementwise("long", beyond.zeroOfZero),
  slice: { ...view, rows: rows.ofSlice, lift: lift.ofSlice },
  sqrt: elementwise("slow", beyond.zeroOfZero),
  stopGradient: identity,
  sub: elementwise("light", beyond.ofSubtraction),
  tanh: elementwise("long", beyond.zeroOfZero),
  transpose: { ...view, rows: rows.ofTranspose, lift: lift.ofTranspose },
} satisfies { readonly [N in Name]: Facts<OperationOf<N>> };

/** The operations of a role. A switch on them without a default does not compile if one is missing. */
export type OperationWith<R extends Role> = {
  [N in Name]: (typeof facts)[N] extends { readonly role: R } ? OperationOf<N> : never;
}[Name];

/** The nodes of a role, which tell how many operands and results they have. */
export type NodeWith<R extends Role> = {
  [N in Name]: (typeof facts)[N] extends { readonly role: R } ? NodeOf<OperationOf<N>> : never;
}[Name];

const byName: { readonly [N in Name]: Facts<OperationOf<N>> } = facts;

/** The facts of a node's or an instruction's primitive. */
export function factsOf({ op }: { readonly op: Name }): Facts<Operation> {
  return byName[op];
}

/** How operand `i` is read. */
export function readingOf({ reads }: Facts<Operation>, i: number): Reading {
  return typeof reads === "string" ? reads : (reads[i] ?? "again");
}
