import type { Dataset } from "../dataset.ts";
import { reverseString as facts } from "../facts.ts";
import { transductions, type StringOptions, type Transductions } from "./transduction.ts";

/**
 * Reverse string: read `s_1 ... s_n`, then write `s_n ... s_1` (Deletang et al. 2023, "Neural Networks and the Chomsky
 * Hierarchy", arXiv:2207.02098; deterministic context-free). As there, an empty token is read at every step of the
 * answer, and only these steps count. To see whether a network has learned the rule, train on short strings and test on
 * longer ones, from two data sets: `reverseString({ time: 40, shortest: 1 })` and `reverseString({ time: 500, shortest:
 * 41 })`.
 */
export function reverseString(options: StringOptions): Dataset<Transductions> {
  return transductions(
    { operation: "reverseString", facts, name: "reverse string", growth: 1, answer: (string) => string.toReversed() },
    options,
  );
}
