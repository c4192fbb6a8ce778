import { parseJson } from "@sluice/formats";
import { failIn, type Fail, type DataOrigin } from "../error.ts";

/** One utterance of a speaker who reviews a film. */
export interface Utterance {
  /** Whether the sentiment is positive. */
  readonly positive: boolean;
  readonly transcript: string;
  /** 100 features of the words. */
  readonly text: Float32Array;
  /** 73 features of the voice. */
  readonly audio: Float32Array;
  /** 100 features of the face. */
  readonly video: Float32Array;
}

/** One video and its utterances, in order. */
export interface Clip {
  readonly id: string;
  readonly utterances: readonly Utterance[];
}

/** How many features each modality has. */
export const widths = { text: 100, audio: 73, video: 100 } as const;

const fields = ["clip", "utterance", "transcript", "positive", "text", "audio", "video"];

/**
 * Reads the utterances of CMU-MOSI, one JSON object a line: `clip`, `utterance` (from 1 in each clip), `transcript`,
 * `positive` (0 or 1), and the features `text` (100), `audio` (73) and `video` (100). `origin` is used in errors only.
 * Throws a {@link DataError} that names the line if an utterance is malformed, repeated, missing or out of order.
 */
export function parseMosi(text: string, origin: DataOrigin): Clip[] {
  const fail = failIn("parseMosi", origin);
  if (typeof text !== "string") return fail("", `expected the text as a string, got ${typeof text}`);
  const clips: Clip[] = [];
  let utterances: Utterance[] = [];
  const seen = new Set<string>();
  const lines = text.split(/\r?\n/);
  if (lines.at(-1) === "") lines.pop();
  if (lines.length === 0) fail("line 1", "it has no utterances");
  lines.forEach((line, at) => {
    const place = `line ${at + 1}`;
    const given = objectOf(line, place, fail);
    const { clip, utterance, transcript, positive } = given;
    if (typeof clip !== "string" || clip === "")
      return fail(place, `its clip is ${JSON.stringify(clip)}, expected a name`);
    if (clips.at(-1)?.id !== clip) {
      if (seen.has(clip)) fail(place, `the clip ${clip} begins a second time; its utterances must stand together`);
      seen.add(clip);
      utterances = [];
      clips.push({ id: clip, utterances });
    }
    if (utterance !== utterances.length + 1)
      fail(
        place,
        `utterance ${JSON.stringify(utterance)} of the clip ${clip}, expected utterance ${utterances.length + 1}`,
      );
    if (positive !== 0 && positive !== 1) fail(place, `positive is ${JSON.stringify(positive)}, expected 0 or 1`);
    if (typeof transcript !== "string")
      return fail(place, `its transcript is ${JSON.stringify(transcript)}, expected text`);
    const features = (name: keyof typeof widths): Float32Array => featuresOf(given[name], name, place, fail);
    utterances.push({
      positive: positive === 1,
      transcript,
      text: features("text"),
      audio: features("audio"),
      video: features("video"),
    });
  });
  return clips;
}

function objectOf(line: string, place: string, fail: Fail): Readonly<Record<string, unknown>> {
  let value: unknown;
  try {
    value = parseJson(line);
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    return fail(place, `it is not JSON, so the file is cut off or not the data set (${why})`);
  }
  if (typeof value !== "object" || value === null || Array.isArray(value))
    return fail(place, "expected an object with the features of an utterance");
  const given: Readonly<Record<string, unknown>> = { ...value };
  const absent = fields.find((name) => !(name in given));
  if (absent !== undefined) fail(place, `it has no field ${absent}`);
  const other = Object.keys(given).find((name) => !fields.includes(name));
  if (other !== undefined) fail(place, `it has the unknown field ${other}; known: ${fields.join(", ")}`);
  return given;
}

function featuresOf(given: unknown, name: keyof typeof widths, place: string, fail: Fail): Float32Array {
  if (!Array.isArray(given)) return fail(place, `${name} is not a list of numbers`);
  if (given.length !== widths[name]) fail(place, `${name} has ${given.length} features, expected ${widths[name]}`);
  return Float32Array.from(given, (value: unknown, i) =>
    typeof value === "number" && Number.isFinite(Math.fround(value))
      ? value
      : fail(place, `feature ${i + 1} of ${name} is ${JSON.stringify(value)}, expected a finite number`),
  );
}
