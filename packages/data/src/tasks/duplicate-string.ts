import type { Dataset } from "../dataset.ts";
import { duplicateString as facts } from "../facts.ts";
import { transductions, type StringOptions, type Transductions } from "./transduction.ts";

/**
 * Duplicate string: read `s_1 ... s_n`, then write `s_1 ... s_n s_1 ... s_n` (Deletang et al. 2023, "Neural Networks and
 * the Chomsky Hierarchy", arXiv:2207.02098; context-sensitive). As there, an empty token is read at every step of the
 * answer, and only these steps count. Lengths are as free as those of {@link reverseString}.
 */
export function duplicateString(options: StringOptions): Dataset<Transductions> {
  return transductions(
    {
      operation: "duplicateString",
      facts,
      name: "duplicate string",
      growth: 2,
      answer: (string) => Int32Array.of(...string, ...string),
    },
    options,
  );
}
