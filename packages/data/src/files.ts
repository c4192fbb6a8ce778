/** Bytes and their sums. Node's modules are loaded when a file is read, so that generated tasks work in a browser. */
import { DataError } from "./error.ts";

async function sha256(bytes: Uint8Array<ArrayBuffer>): Promise<string> {
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
  return Array.from(digest, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** The bytes of a file of a set; an error says how to obtain it where it cannot be read, or has another sum than `sum`. */
export async function readChecked(
  set: string,
  file: string,
  sum: string,
  obtain: string,
  read: (file: string) => Promise<Uint8Array<ArrayBuffer>>,
): Promise<Uint8Array<ArrayBuffer>> {
  let bytes: Uint8Array<ArrayBuffer>;
  try {
    bytes = await read(file);
  } catch (cause) {
    throw new DataError({ set, file, wrong: `cannot be read (${cause instanceof Error ? cause.message : String(cause)})`, obtain, cause });
  }
  const found = await sha256(bytes);
  if (found === sum) return bytes;
  const wrong = `damaged or another version: its SHA-256 is ${found}, expected ${sum} (${bytes.length} bytes)`;
  throw new DataError({ set, file, wrong, obtain });
}
