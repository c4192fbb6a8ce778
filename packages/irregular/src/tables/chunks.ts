import { TensorError } from "@sluice/tensor";
import { shown } from "@sluice/tensor/internal";

/**
 * The parts of a text in order, as texts or as bytes in UTF-8: a Node stream such as `createReadStream(path)`, the
 * `body` of a response, `file.stream()` in a page, or any iterable. A part may end anywhere, within a character too.
 */
export type TextChunks = AsyncIterable<string | Uint8Array> | Iterable<string | Uint8Array>;

/** Throws a TensorError if something is not a text in parts. */
export function checkChunks(operation: string, chunks: unknown, whole: string): void {
  if (typeof chunks === "string")
    throw new TensorError(`${operation}: the table is a text, expected its parts; for a whole text use ${whole}`);
  if (typeof chunks !== "object" || chunks === null || !(Symbol.asyncIterator in chunks || Symbol.iterator in chunks))
    throw new TensorError(
      `${operation}: the table is ${shown(chunks)}, expected a stream or an iterable of texts or bytes`,
    );
}

const lineEnd = /\r\n|\n|\r/;

/** The texts of the parts. Throws a TensorError that names the line if bytes are not UTF-8. */
export async function* decodedChunks(operation: string, chunks: TextChunks): AsyncGenerator<string> {
  const decoder = new TextDecoder("utf-8", { fatal: true });
  let line = 1;
  let halfPair = "";
  const decode = (bytes: Uint8Array | undefined): string => {
    try {
      return decoder.decode(bytes, { stream: bytes !== undefined });
    } catch {
      const readable = new TextDecoder().decode(bytes).split("\uFFFD", 1)[0] ?? "";
      throw new TensorError(
        `${operation}: line ${line + readable.split(lineEnd).length - 1}: the bytes are not UTF-8; decode them, such as with new TextDecoderStream("windows-1252")`,
      );
    }
  };
  for await (const chunk of chunks) {
    if (typeof chunk !== "string" && !(chunk instanceof Uint8Array))
      throw new TensorError(`${operation}: a part of the table is ${shown(chunk)}, expected a text or bytes`);
    const text = halfPair + (typeof chunk === "string" ? chunk : decode(chunk));
    // A character outside the basic plane is two code units, and the parts of a text may divide them.
    const whole = /[\uD800-\uDBFF]$/.test(text) ? text.length - 1 : text.length;
    halfPair = text.slice(whole);
    if (whole === 0) continue;
    line += text.split("\n").length - 1;
    yield text.slice(0, whole);
  }
  const last = halfPair + decode(undefined);
  if (last !== "") yield last;
}

/** The lines of a text. */
export const linesOf = (text: string): string[] => text.split(lineEnd);

/** The lines of a text in parts: those that end in each part. */
export async function* linesOfParts(texts: AsyncIterable<string>): AsyncGenerator<readonly string[]> {
  let rest = "";
  for await (const text of texts) {
    const all = rest + text;
    // A CR at the end may be the first half of CRLF.
    const end = all.endsWith("\r") ? all.length - 1 : all.length;
    const lines = linesOf(all.slice(0, end));
    rest = (lines.pop() ?? "") + all.slice(end);
    yield lines;
  }
  yield linesOf(rest);
}
