import type { KernelBody } from "./body.ts";
import { fixed, plus, type Index } from "./position.ts";

/**
 * Sums `length` terms in blocks, and adds the blocks' totals in pairs, in the order that @sluice/tensor defines. `add`
 * adds `count` terms from an index on to a variable.
 *
 * A total that waits for its neighbour has a variable, one per size. A variable of 0 means that none waits, because
 * adding 0 changes nothing.
 */
export function sumInBlocks(
  body: KernelBody,
  length: number,
  block: number,
  add: (total: string, from: Index, count: number) => void,
): string {
  const finished = Math.ceil(length / block) - 1;
  if (finished < 1) {
    const total = body.declare("0.0");
    add(total, fixed(0), length);
    return total;
  }
  const places = Array.from({ length: 32 - Math.clz32(finished) }, () => ({
    waiting: body.declare("0.0"),
    taken: body.declare("0.0"),
  }));
  body.loop(0, finished * block, block, (from) => {
    const total = body.declare("0.0");
    add(total, from, block);
    push(body, places, total);
  });
  const last = body.declare("0.0");
  add(last, fixed(finished * block), length - finished * block);
  for (const { waiting } of places) body.line(`${last} = ${waiting} + ${last};`);
  return last;
}

/** Adds terms one by one. */
export function oneByOne(
  body: KernelBody,
  term: (k: Index) => string,
): (total: string, from: Index, count: number) => void {
  return (total, from, count) => {
    if (count > 0) body.loop(0, count, 1, (k) => body.line(`${total} = ${total} + ${term(plus(from, k))};`));
  };
}

interface PlaceToWait {
  readonly waiting: string;
  readonly taken: string;
}

/** If another total of this size waits, adds it and passes the sum on to the next size. */
function push(body: KernelBody, [place, ...larger]: readonly PlaceToWait[], total: string): void {
  if (place === undefined) return;
  const { waiting, taken } = place;
  body.block(`if (${taken} < 0.5)`, () => {
    body.line(`${waiting} = ${total};`);
    body.line(`${taken} = 1.0;`);
  });
  if (larger.length === 0) return;
  body.block("else", () => {
    body.line(`${total} = ${waiting} + ${total};`);
    body.line(`${waiting} = 0.0;`);
    body.line(`${taken} = 0.0;`);
    push(body, larger, total);
  });
}
