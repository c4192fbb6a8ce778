/** Folders of trials through Redis, in pieces. */
import { randomUUID } from "node:crypto";
import { studyError } from "@sluice/study";
import { packTrial, type PackOptions } from "@sluice/runner";
import { KEEP_MS, type Keys } from "./keys.ts";
import type { Line, Stoppable } from "./line.ts";
import type { ParcelNote } from "./messages.ts";

/** Small enough for a slow connection to carry it before it counts as dead. */
const PIECE = 512 * 1024;

/** Options of {@link sendParcel}. */
export interface SendOptions extends PackOptions {
  /** Aborted if it is useless to wait for Redis. */
  readonly signal?: Stoppable;
}

/** Sends the folder of a trial to Redis. A piece that is sent twice is the same piece. */
export async function sendParcel(
  line: Line,
  keys: Keys,
  folder: string,
  { signal, ...options }: SendOptions = {},
): Promise<ParcelNote> {
  const parcel = await packTrial(folder, options);
  const id = randomUUID();
  const key = keys.parcel(id);
  try {
    let pieces = 0;
    for (const piece of parcel.pieces(PIECE)) {
      const field = String(pieces);
      await line.patiently(
        async () =>
          answered(
            await line.redis
              .multi()
              .hset(key, field, Buffer.from(piece.buffer, piece.byteOffset, piece.byteLength))
              .pexpire(key, KEEP_MS)
              .exec(),
          ),
        signal,
      );
      pieces += 1;
    }
    return { id, pieces, files: [...parcel.files] };
  } finally {
    parcel.close();
  }
}

/** The answers of a transaction or a pipeline. @throws the first error among them. */
export function answered(replies: readonly (readonly [Error | null, unknown])[] | null): readonly unknown[] {
  if (replies === null) throw new Error("Connection is closed: Redis did not run the transaction");
  return replies.map(([error, answer]) => {
    if (error !== null) throw error;
    return answer;
  });
}

/** The pieces of a parcel, in order. @throws an error if one is missing. */
export async function* piecesOf(line: Line, keys: Keys, { id, pieces }: ParcelNote): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < pieces; at += 1) {
    const piece = await line.patiently(() => line.redis.hgetBuffer(keys.parcel(id), String(at)));
    if (piece === null) throw studyError(`piece ${at + 1} of ${pieces} of a parcel is not in Redis any more`);
    yield piece;
  }
}
