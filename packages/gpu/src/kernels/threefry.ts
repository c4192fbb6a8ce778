import { literal, type KernelBody } from "./body.ts";
import { name } from "./integers.ts";
import { integer, type IntegerScalar } from "./scalar.ts";

/*
 * Threefry-2x32 with 20 rounds (`scalar/threefry.ts` of @sluice/tensor) on halves of 16 bits, with the same bits. The
 * only operation of gpu.js on bits is the exclusive or, of 16-bit numbers, which every mode computes as integers.
 */

/** Rotations of the four rounds of a group, for even and for odd groups. */
const ROTATIONS = [
  [13, 15, 26, 6],
  [17, 29, 16, 24],
] as const;
const PARITY: Word = { high: literal(0x1bd1), low: literal(0x1bda) };
const SHRINK = "0.0000152587890625";

/** A 32-bit word as two halves, each 0 to 65535. */
interface Word {
  readonly high: string;
  readonly low: string;
}

/** Word `word` (0 or 1) of the block for counter (c0, c1) and a key. */
export function threefry(
  body: KernelBody,
  key: readonly [IntegerScalar, IntegerScalar],
  counter: readonly [IntegerScalar, IntegerScalar],
  word: string,
): IntegerScalar {
  const [k0, k1] = key.map((x) => unsigned(body, x)) as [Word, Word];
  const [c0, c1] = counter.map((x) => unsigned(body, x)) as [Word, Word];
  const k2 = xor(body, xor(body, PARITY, k0), k1);
  const [startX, startY] = [add(body, c0, k0), add(body, c1, k1)];
  const x = variables(body, startX);
  const y = variables(body, startY);
  body.loop(0, 5, 1, (k) => {
    const group = body.code(k);
    const odd = name(body, `${group} - 2.0 * Math.floor(${group} * 0.5)`);
    for (let round = 0; round < 4; round++) {
      // Copy the values first: the variables are overwritten below.
      const [from, to] = [copy(body, x), copy(body, y)];
      const sum = add(body, from, to);
      const mixed = xor(body, rotate(body, to, odd, ROTATIONS[0][round]!, ROTATIONS[1][round]!), sum);
      assign(body, x, sum);
      assign(body, y, mixed);
    }
    const pick = (words: readonly Word[]): Word => ({
      high: cycle(
        body,
        group,
        words.map((w) => w.high),
      ),
      low: cycle(
        body,
        group,
        words.map((w) => w.low),
      ),
    });
    const [from, to] = [copy(body, x), copy(body, y)];
    const numbered = add(body, to, { high: "0.0", low: name(body, `${group} + 1.0`) });
    assign(body, x, add(body, from, pick([k1, k2, k0])));
    assign(body, y, add(body, numbered, pick([k2, k0, k1])));
  });
  const result = {
    high: unshared(body, `${word} < 0.5 ? ${x.high} : ${y.high}`),
    low: unshared(body, `${word} < 0.5 ? ${x.low} : ${y.low}`),
  };
  return integer(name(body, `${result.high} >= 32768.0 ? ${result.high} - 65536.0 : ${result.high}`), result.low);
}

function unsigned(body: KernelBody, x: IntegerScalar): Word {
  return { high: name(body, `${x.high} < 0.0 ? ${x.high} + 65536.0 : ${x.high}`), low: x.low };
}

function add(body: KernelBody, a: Word, b: Word): Word {
  const low = name(body, `${a.low} + ${b.low}`);
  const carry = name(body, `Math.floor(${low} * ${SHRINK})`);
  const high = name(body, `${a.high} + ${b.high} + ${carry}`);
  return {
    high: name(body, `${high} - Math.floor(${high} * ${SHRINK}) * 65536.0`),
    low: name(body, `${low} - ${carry} * 65536.0`),
  };
}

function xor(body: KernelBody, a: Word, b: Word): Word {
  return { high: name(body, `${a.high} ^ ${b.high}`), low: name(body, `${a.low} ^ ${b.low}`) };
}

/** Rotates left by `even` or `odd` bits: first swaps halves, then multiplies by powers of two. */
function rotate(body: KernelBody, x: Word, isOdd: string, even: number, odd: number): Word {
  const choose = (a: string, b: string): string => (a === b ? a : name(body, `${isOdd} < 0.5 ? ${a} : ${b}`));
  const swapped = (bits: number): Word => (bits >= 16 ? { high: x.low, low: x.high } : x);
  const [first, second] = [swapped(even), swapped(odd)];
  const high = choose(first.high, second.high);
  const low = choose(first.low, second.low);
  const power = (bits: (of: number) => number): string => choose(literal(bits(even % 16)), literal(bits(odd % 16)));
  const [up, down, most] = [power((n) => 1 << n), power((n) => 1 / (1 << (16 - n))), power((n) => 1 << (16 - n))];
  const [overHigh, overLow] = [name(body, `Math.floor(${high} * ${down})`), name(body, `Math.floor(${low} * ${down})`)];
  // Each half drops its upper bits before it is multiplied: Mesa's shader compiler reorders sums, so every partial sum
  // must be exact.
  const [restHigh, restLow] = [
    name(body, `${high} - ${overHigh} * ${most}`),
    name(body, `${low} - ${overLow} * ${most}`),
  ];
  return { high: name(body, `${restHigh} * ${up} + ${overLow}`), low: name(body, `${restLow} * ${up} + ${overHigh}`) };
}

/** The word at index `group` modulo 3. */
function cycle(body: KernelBody, group: string, words: readonly string[]): string {
  const turn = name(body, `${group} < 2.5 ? ${group} : ${group} - 3.0`);
  return name(body, `${turn} < 0.5 ? ${words[0]} : (${turn} < 1.5 ? ${words[1]} : ${words[2]})`);
}

/** Variables that hold a word. */
function variables(body: KernelBody, start: Word): Word {
  return { high: body.declare(start.high), low: body.declare(start.low) };
}

function copy(body: KernelBody, x: Word): Word {
  return { high: unshared(body, `${x.high} + 0.0`), low: unshared(body, `${x.low} + 0.0`) };
}

/** Reads now, because the variables in the code change later. */
function unshared(body: KernelBody, code: string): string {
  return body.define(`read ${body.id({})}`, () => code);
}

function assign(body: KernelBody, x: Word, value: Word): void {
  body.line(`${x.high} = ${value.high};`);
  body.line(`${x.low} = ${value.low};`);
}
