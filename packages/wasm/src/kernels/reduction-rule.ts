import type { DType } from "@sluice/tensor";
import { type Body, type Expression, f32, f32x4, i32, i32x4, type Local, select } from "../assembler/index.ts";

type Vector = Expression<"v128">;

/** How a reduction combines its terms. */
export interface Rule {
  readonly start: Vector;
  vector(a: Vector, b: Vector): Vector;
  /** Reduces the four lanes to one number: (lane 0 o lane 2) o (lane 1 o lane 3). */
  store(body: Body, address: Expression<"i32">, lanes: Local<"v128">): void;
}

export function ruleOf(op: "sum" | "max", dtype: DType): Rule {
  if (dtype === "f32") {
    const scalar = op === "sum" ? f32.add : f32.max;
    const lane = (x: Vector, i: number): Expression<"f32"> => f32x4.extractLane(x, i);
    return {
      start: f32x4.const(op === "sum" ? 0 : -Infinity),
      vector: op === "sum" ? f32x4.add : f32x4.max,
      store: (body, address, x) =>
        body.do(f32.store(address, scalar(scalar(lane(x, 0), lane(x, 2)), scalar(lane(x, 1), lane(x, 3))))),
    };
  }
  const scalar = (a: Expression<"i32">, b: Expression<"i32">): Expression<"i32"> =>
    op === "sum" ? i32.add(a, b) : select(a, b, i32.gtS(a, b));
  const lane = (x: Vector, i: number): Expression<"i32"> => i32x4.extractLane(x, i);
  return {
    start: i32x4.const(op === "sum" ? 0 : -2147483648),
    vector: op === "sum" ? i32x4.add : i32x4.maxS,
    store: (body, address, x) =>
      body.do(i32.store(address, scalar(scalar(lane(x, 0), lane(x, 2)), scalar(lane(x, 1), lane(x, 3))))),
  };
}
