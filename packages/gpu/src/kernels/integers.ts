import { literal, type KernelBody } from "./body.ts";
import { bool, float, integer, type FloatScalar, type IntegerScalar } from "./scalar.ts";

/*
 * Arithmetic on 32-bit integers in halves of 16 bits. Every intermediate value is a whole number below 2^24, or a
 * 16-bit number times a power of two, so it is exact in a float.
 */

/** A name for the value of some code; equal code gets one name. */
export function name(body: KernelBody, code: string): string {
  return body.define(code, () => code);
}

const HALF = "65536.0";
/** 2^-16. */
const SHRINK = "0.0000152587890625";

/** The carry: the part of a whole number above its lower 16 bits. */
const carryOf = (body: KernelBody, x: string): string => name(body, `Math.floor(${x} * ${SHRINK})`);

/** The lower 16 bits, 0 to 65535. */
const lowOf = (body: KernelBody, x: string): string => name(body, `${x} - ${carryOf(body, x)} * ${HALF}`);

/** Interprets 16 bits as a signed number, -32768 to 32767. */
const signed = (body: KernelBody, x: string): string => name(body, `${x} >= 32768.0 ? ${x} - ${HALF} : ${x}`);

/** An integer from two halves that may have left their ranges. Wraps around. */
function wrap(body: KernelBody, high: string, low: string): IntegerScalar {
  const sum = name(body, `${high} + ${carryOf(body, low)}`);
  return integer(signed(body, lowOf(body, sum)), lowOf(body, low));
}

export function add(body: KernelBody, a: IntegerScalar, b: IntegerScalar): IntegerScalar {
  return wrap(body, name(body, `${a.high} + ${b.high}`), name(body, `${a.low} + ${b.low}`));
}

export function sub(body: KernelBody, a: IntegerScalar, b: IntegerScalar): IntegerScalar {
  return wrap(body, name(body, `${a.high} - ${b.high}`), name(body, `${a.low} - ${b.low}`));
}

export function neg(body: KernelBody, x: IntegerScalar): IntegerScalar {
  return sub(body, integer("0.0", "0.0"), x);
}

/** Multiplies in parts of 16 by 8 bits, whose products are below 2^24. */
export function mul(body: KernelBody, a: IntegerScalar, b: IntegerScalar): IntegerScalar {
  const bytes = (x: string): [upper: string, lower: string] => {
    const upper = name(body, `Math.floor(${x} * 0.00390625)`);
    return [upper, name(body, `${x} - ${upper} * 256.0`)];
  };
  /** The lower 16 bits of x * y, plus a carry. Of x times the upper byte, only the lowest byte matters. */
  const product = (x: string, y: string): string => {
    const [upper, lower] = bytes(y);
    return name(
      body,
      `${bytes(name(body, `${x} * ${upper}`))[1]} * 256.0 + ${lowOf(body, name(body, `${x} * ${lower}`))}`,
    );
  };
  const unsigned = (x: string): string => name(body, `${x} < 0.0 ? ${x} + ${HALF} : ${x}`);
  const [upper, lower] = bytes(b.low);
  const first = name(body, `${a.low} * ${lower}`);
  const second = name(body, `${a.low} * ${upper}`);
  const [secondHigh, secondLow] = bytes(second);
  const low = name(body, `${lowOf(body, first)} + ${secondLow} * 256.0`);
  const crossA = product(a.low, unsigned(b.high));
  const crossB = product(b.low, unsigned(a.high));
  const high = name(body, `${carryOf(body, first)} + ${secondHigh} + ${lowOf(body, crossA)} + ${lowOf(body, crossB)}`);
  return wrap(body, high, low);
}

export function less(body: KernelBody, a: IntegerScalar, b: IntegerScalar): FloatScalar {
  return bool(name(body, `(${a.high} < ${b.high} || (${a.high} === ${b.high} && ${a.low} < ${b.low})) ? 1.0 : 0.0`));
}

export function equal(body: KernelBody, a: IntegerScalar, b: IntegerScalar): FloatScalar {
  return bool(name(body, `(${a.high} === ${b.high} && ${a.low} === ${b.low}) ? 1.0 : 0.0`));
}

export function select(body: KernelBody, condition: FloatScalar, a: IntegerScalar, b: IntegerScalar): IntegerScalar {
  const half = (x: string, y: string): string => (x === y ? x : name(body, `${condition.code} > 0.5 ? ${x} : ${y}`));
  return integer(half(a.high, b.high), half(a.low, b.low));
}

export function max(body: KernelBody, a: IntegerScalar, b: IntegerScalar): IntegerScalar {
  return select(body, less(body, a, b), b, a);
}

export function min(body: KernelBody, a: IntegerScalar, b: IntegerScalar): IntegerScalar {
  return select(body, less(body, b, a), b, a);
}

export function abs(body: KernelBody, x: IntegerScalar): IntegerScalar {
  return select(body, bool(name(body, `${x.high} < 0.0 ? 1.0 : 0.0`)), neg(body, x), x);
}

export function sign(body: KernelBody, x: IntegerScalar): IntegerScalar {
  const negative = name(body, `${x.high} < 0.0 ? 1.0 : 0.0`);
  const positive = name(body, `(${x.high} > 0.0 || (${x.high} === 0.0 && ${x.low} > 0.0)) ? 1.0 : 0.0`);
  return integer(name(body, `-${negative}`), name(body, `${negative} * 65535.0 + ${positive}`));
}

/** Logical shift to the right by 0 to 31 bits. */
export function shiftRight(body: KernelBody, x: IntegerScalar, bits: number): IntegerScalar {
  if (bits === 0) return x;
  const high = name(body, `${x.high} < 0.0 ? ${x.high} + ${HALF} : ${x.high}`);
  const shifted = (value: string, by: number): string => name(body, `Math.floor(${value} * ${literal(1 / (1 << by))})`);
  if (bits >= 16) return integer("0.0", bits === 16 ? high : shifted(high, bits - 16));
  const upper = shifted(high, bits);
  const fallen = name(body, `(${high} - ${upper} * ${literal(1 << bits)}) * ${literal(1 << (16 - bits))}`);
  return integer(upper, name(body, `${shifted(x.low, bits)} + ${fallen}`));
}

/** Converts to the nearest float, rounding once. */
export function toFloat(body: KernelBody, x: IntegerScalar): FloatScalar {
  if (x.high === "0.0") return float(x.low);
  return float(name(body, `${x.high} * ${HALF} + ${x.low}`));
}

/** Rounds towards zero. Values out of range give the largest or smallest integer, NaN gives 0. */
export function fromFloat(body: KernelBody, x: string): IntegerScalar {
  const whole = name(body, `${x} > 0.0 ? Math.floor(${x}) : (${x} < 0.0 ? Math.ceil(${x}) : 0.0)`);
  const high = name(
    body,
    `${whole} >= 2147483648.0 ? 32767.0 : (${whole} < -2147483648.0 ? -32768.0 : Math.floor(${whole} * ${SHRINK}))`,
  );
  const low = name(
    body,
    `${whole} >= 2147483648.0 ? 65535.0 : (${whole} < -2147483648.0 ? 0.0 : ${whole} - ${high} * ${HALF})`,
  );
  return integer(high, low);
}

/** A whole number below 2^24 as an i32. */
export function fromIndex(body: KernelBody, code: string): IntegerScalar {
  const high = name(body, `Math.floor(${name(body, code)} * ${SHRINK})`);
  return integer(high, name(body, `${name(body, code)} - ${high} * ${HALF}`));
}
