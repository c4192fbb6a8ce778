import { PRODUCT_BLOCK } from "@sluice/tensor/internal";
import { type Body, type Expression, i32, type Local, select } from "../../assembler/index.ts";
import { nextPlace } from "../../pairwise.ts";

type Variables = Readonly<
  Record<"rows" | "list" | "done" | "chunk" | "block" | "taken" | "added" | "place", Local<"i32">>
>;

/**
 * Ends a chunk where its block ends. Sets which totals are then added to its sums, and the place where the total waits
 * (-1: none). `list` is at the first row of the chunk.
 */
export function writeEndOfChunk(body: Body, { listed }: { readonly listed: boolean }, variables: Variables): void {
  const { rows, list, done, chunk, block, taken, added, place } = variables;
  if (listed) cutAtBlock(body, variables);
  else body.set(block, blockOf(done));
  const next = body.let(i32.add(done, chunk), "next");
  const position = listed ? i32.load(i32.add(list, i32.shl(i32.sub(next, done), 2))) : next;
  body.set(added, 0);
  body.set(place, -1);
  body.if(
    i32.geU(next, rows),
    () => body.set(added, taken),
    () => {
      body.set(next, blockOf(position));
      body.if(i32.ne(next, block), () => {
        const ended = nextPlace(body, taken, block, next);
        body.set(added, ended.added);
        body.set(place, ended.place);
        body.set(taken, i32.or(i32.xor(taken, added), i32.shl(1, place)));
      });
    },
  );
}

/** Shortens a chunk of listed rows to those of the block of its first one. */
function cutAtBlock(body: Body, { list, chunk, block }: Variables): void {
  const most = body.let(chunk, "most");
  body.set(chunk, 0);
  body.if(i32.gtU(most, 0), () => body.set(block, blockOf(i32.load(list))));
  body.while(i32.ltU(chunk, most), () => {
    body.set(most, select(most, chunk, i32.eq(blockOf(i32.load(i32.add(list, i32.shl(chunk, 2)))), block)));
    body.if(i32.ltU(chunk, most), () => body.set(chunk, i32.add(chunk, 1)));
  });
}

function blockOf(position: Expression<"i32">): Expression<"i32"> {
  return i32.divU(position, PRODUCT_BLOCK);
}
