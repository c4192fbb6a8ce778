/** The table of primitives. */
import type { Rules } from "../node.ts";
import * as arithmetic from "./arithmetic.ts";
import { broadcastRules, reduceSumRules } from "./broadcast.ts";
import * as comparison from "./comparison.ts";
import { cumulativeSumRules } from "./cumulative.ts";
import { convertRules, selectRules } from "./elementwise.ts";
import { gatherRules, iotaRules, scatterAddRules } from "./indexing.ts";
import { concatRules, padRules, reshapeRules, sliceRules, transposeRules } from "./layout.ts";
import { matmulRules } from "./matmul.ts";
import { inputRules, nameRules } from "./name.ts";
import type { Operation } from "./operation.ts";
import { randomBitsRules } from "./random-bits.ts";
import { reduceMaxRules } from "./reduce.ts";
import * as transcendental from "./transcendental.ts";
import { checkpointRules } from "../gradient/checkpoint.ts";
import { customGradientRules } from "../gradient/custom.ts";
import { scanRules } from "../scan/primitive.ts";

/** The rules of every primitive, by the name of its operation. */
export const primitives: Readonly<Record<Operation["op"], Rules<Operation>>> = {
  abs: arithmetic.absRules,
  add: arithmetic.addRules,
  and: comparison.andRules,
  broadcast: broadcastRules,
  ceil: arithmetic.ceilRules,
  checkpoint: checkpointRules,
  concat: concatRules,
  convert: convertRules,
  cumulativeSum: cumulativeSumRules,
  cos: transcendental.cosRules,
  customGradient: customGradientRules,
  div: arithmetic.divRules,
  equal: comparison.equalRules,
  erf: transcendental.erfRules,
  exp: transcendental.expRules,
  expm1: transcendental.expm1Rules,
  floor: arithmetic.floorRules,
  gather: gatherRules,
  input: inputRules,
  iota: iotaRules,
  less: comparison.lessRules,
  lessEqual: comparison.lessEqualRules,
  log: transcendental.logRules,
  log1p: transcendental.log1pRules,
  matmul: matmulRules,
  max: arithmetic.maxRules,
  min: arithmetic.minRules,
  mul: arithmetic.mulRules,
  name: nameRules,
  neg: arithmetic.negRules,
  not: comparison.notRules,
  or: comparison.orRules,
  pad: padRules,
  pow: transcendental.powRules,
  randomBits: randomBitsRules,
  reduceMax: reduceMaxRules,
  reduceSum: reduceSumRules,
  reshape: reshapeRules,
  scan: scanRules,
  scatterAdd: scatterAddRules,
  select: selectRules,
  shiftRight: arithmetic.shiftRightRules,
  sigmoid: transcendental.sigmoidRules,
  sign: arithmetic.signRules,
  sin: transcendental.sinRules,
  slice: sliceRules,
  sqrt: arithmetic.sqrtRules,
  stopGradient: arithmetic.stopGradientRules,
  sub: arithmetic.subRules,
  tanh: transcendental.tanhRules,
  transpose: transposeRules,
};
