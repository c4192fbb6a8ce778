import { expect, test } from "vitest";
import { bilinear, deepSets, film, hierarchicalFusion, mag, mfb, nonLocalGate } from "../index.ts";

const [two, three] = [
  { audio: 2, video: 3 },
  { audio: 2, video: 2, text: 2 },
];

test.each<[string, () => unknown, string]>([
  [
    "a product of three modalities",
    () => bilinear({ inputs: three, output: 1 }),
    "bilinear: expected two modalities in inputs, got audio, video, text",
  ],
  [
    "a condition that is no modality",
    () => film({ inputs: two, condition: Object("vidoe") }),
    "film: unknown condition vidoe; did you mean video?",
  ],
  [
    "a set of vectors of unequal widths",
    () => deepSets({ inputs: two, output: 1 }),
    "deepSets: all modalities must have one width, but audio has 2 and video has 3; bring them to one width with encoders, such as dense({ input: 3, output: 2 })",
  ],
  [
    "a hierarchy of two modalities",
    () => hierarchicalFusion({ inputs: two }),
    "hierarchicalFusion: expected three modalities in inputs, got audio, video",
  ],
  [
    "a hierarchy of unequal widths",
    () => hierarchicalFusion({ inputs: { ...three, text: 1 } }),
    "hierarchicalFusion: all modalities must have one width, got 2, 2, 1; bring them to one width with encoders, such as dense({ input, output })",
  ],
  ["a rank of 0", () => mfb({ inputs: two, output: 1, rank: 0 }), "mfb: rank must be an integer >= 1, got 0"],
  [
    "a rate of 1",
    () => mfb({ inputs: two, output: 1, dropout: 1 }),
    "mfb: dropout must be a rate from 0 to less than 1, got 1",
  ],
  [
    "an infinite shift",
    () => mag({ inputs: two, main: "audio", shift: Infinity }),
    "mag: shift must be a finite number > 0, got Infinity",
  ],
  [
    "one modality that nothing shifts",
    () => mag({ inputs: { audio: 2 }, main: "audio" }),
    "mag: expected at least two modalities in inputs, got audio",
  ],
  [
    "a main modality that is not there",
    () => mag({ inputs: two, main: Object("txet") }),
    "mag: unknown main modality txet; known: audio, video",
  ],
  [
    "a query that is a vector",
    () => nonLocalGate({ inputs: Object({ a: { kind: "vector", width: 1 }, b: 2 }), query: "a", output: 1 }),
    "nonLocalGate: a is a vector, expected a sequence",
  ],
])("%s", (_, make, message) => {
  expect(make).toThrow(message);
});
