import { expect, test } from "vitest";
import { claimLines } from "./claims.ts";

const claim = { verdict: "not reproduced", kind: "ordering", because: "" } as const;

test("verdicts are printed in the words of their claim, within the width", () => {
  const text = "Pixel by pixel, a GRU is more accurate than a tanh RNN.";
  const words = "the ordering does not hold in this setting";
  expect(claimLines({ claims: [{ ...claim, words, text }] }, 60)).toEqual([
    "",
    "The ordering does not hold in this setting: Pixel by pixel,",
    "  a GRU is more accurate than a tanh RNN.",
  ]);
  expect(claimLines({ claims: [{ ...claim, words: "undecided", text: "Short." }] }, 60)).toEqual([
    "",
    "Undecided: Short.",
  ]);
  expect(claimLines({ claims: [] }, 60)).toEqual([]);
});
