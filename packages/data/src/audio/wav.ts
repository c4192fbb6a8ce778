import { failIn, type DataOrigin } from "../error.ts";

/** Sound of one channel. */
export interface Sound {
  /** Samples from -1 up to, but not including, 1: the 16-bit integers divided by 32,768. */
  readonly samples: Float32Array;
  /** Samples per second, in Hz. */
  readonly rate: number;
}

/**
 * Reads a WAV file of one channel of 16-bit samples (RIFF, PCM). Other chunks than `fmt ` and `data` are skipped,
 * but all must fill the file.
 * `origin` is used in errors only. Throws a {@link DataError} that names the offset of what is wrong.
 */
export function parseWav(bytes: Uint8Array, origin: DataOrigin): Sound {
  const fail = failIn("parseWav", origin);
  if (!(bytes instanceof Uint8Array)) return fail("", `expected bytes (a Uint8Array), got ${typeof bytes}`);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const name = (at: number): string => String.fromCharCode(...bytes.subarray(at, at + 4));
  if (bytes.length < 12 || name(0) !== "RIFF" || name(8) !== "WAVE")
    return fail("byte 0", "it does not begin as a WAV file: RIFF, a size, WAVE");
  const said = view.getUint32(4, true) + 8;
  if (said !== bytes.length)
    fail(
      "byte 4",
      `it has ${bytes.length} bytes, but says that it has ${said}${said > bytes.length ? ": it is cut off" : ""}`,
    );
  let [rate, sound]: [number | undefined, Sound | undefined] = [undefined, undefined];
  for (let at = 12; at < bytes.length;) {
    const [chunk, body] = [name(at), at + 8];
    if (body > bytes.length) fail(`byte ${at}`, `it ends within the name and size of a chunk`);
    const size = view.getUint32(at + 4, true);
    if (body + size > bytes.length)
      fail(`byte ${at}`, `the chunk "${chunk}" has ${bytes.length - body} bytes of ${size}: it is cut off`);
    if (chunk === "fmt ") {
      if (rate !== undefined) fail(`byte ${at}`, "it has a second format");
      rate = rateOf(view, body, size, (wrong) => fail(`byte ${body}`, wrong));
    }
    if (chunk === "data") {
      if (rate === undefined) return fail(`byte ${at}`, "its samples come before their format");
      if (sound !== undefined) fail(`byte ${at}`, "it has a second chunk of samples");
      if (size % 2 !== 0) fail(`byte ${at}`, `it has ${size} bytes of samples, which are not whole 16-bit samples`);
      sound = {
        samples: Float32Array.from({ length: size / 2 }, (_, i) => view.getInt16(body + 2 * i, true) / 32_768),
        rate,
      };
    }
    // Chunks begin at even offsets.
    at = body + size + (size % 2);
  }
  return (
    sound ?? fail(`byte ${bytes.length}`, rate === undefined ? 'it has no chunk "fmt "' : 'it has no chunk "data"')
  );
}

function rateOf(view: DataView, body: number, size: number, fail: (wrong: string) => never): number {
  if (size < 16) fail(`its format takes ${size} bytes, expected at least 16`);
  const [format, channels, bits] = [0, 2, 14].map((offset) => view.getUint16(body + offset, true));
  const rate = view.getUint32(body + 4, true);
  if (format !== 1) fail(`its samples have the format ${format}, expected 1 (PCM)`);
  if (channels !== 1) fail(`it has ${channels} channels, expected 1`);
  if (bits !== 16) fail(`its samples have ${bits} bits, expected 16`);
  if (rate === 0) fail("its rate is 0 Hz");
  const [perSecond, perSample] = [view.getUint32(body + 8, true), view.getUint16(body + 12, true)];
  if (perSample !== 2 || perSecond !== 2 * rate)
    fail(`it says ${perSecond} bytes per second and ${perSample} per sample, expected ${2 * rate} and 2`);
  return rate;
}
