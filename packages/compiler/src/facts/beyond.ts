import type { Tensor, Type } from "@sluice/tensor";
import type { Operation } from "@sluice/tensor/internal";

/**
 * What is known of all elements of a value beyond the lengths: their number, or that they are 0 of either sign;
 * undefined if nothing is known. Factors are assumed to be finite, as `scan` requires.
 */
export type Beyond = number | "zero" | undefined;

/** A node, and what is known of its operands beyond the lengths. */
export interface BeyondQuestion<O extends Operation> {
  readonly operation: O;
  readonly inputs: readonly Tensor[];
  readonly outputs: readonly Type[];
  readonly operands: readonly Beyond[];
}

type Rule = (question: BeyondQuestion<Operation>) => Beyond;

export const isZero = (x: Beyond): boolean => x === 0 || x === "zero";

export const isPositiveZero = (x: Beyond): boolean => Object.is(x, 0);

/** For a joined value: what is known of all its parts. */
function weakest(parts: readonly Beyond[]): Beyond {
  const [first] = parts;
  if (parts.every((x) => Object.is(x, first))) return first;
  return parts.every(isZero) ? "zero" : undefined;
}

const isFloat = ({ outputs }: BeyondQuestion<Operation>): boolean => outputs[0]?.dtype === "f32";

/** Nothing is known unless all operands are known numbers. */
export const unknown: Rule = () => undefined;

/** The same elements at other positions. */
export const sameElements: Rule = ({ operands }) => operands[0];

export const ofParts: Rule = ({ operands }) => weakest(operands);

export const ofPadding: Rule = ({ operands }) => weakest([...operands, 0]);

/** f(0) is 0, of either sign. */
export const zeroOfZero: Rule = ({ operands }) => (isZero(operands[0]) ? "zero" : undefined);

export const positiveZeroOfZero: Rule = ({ operands }) => (isZero(operands[0]) ? 0 : undefined);

export const ofConversion: Rule = (question) =>
  isZero(question.operands[0]) ? (isFloat(question) ? "zero" : 0) : undefined;

export const ofProduct: Rule = (question) =>
  question.operands.some(isZero) ? (isFloat(question) ? "zero" : 0) : undefined;

export const ofAddition: Rule = ({ operands }) =>
  operands.every(isZero) ? (operands.some(isPositiveZero) ? 0 : "zero") : undefined;

export const ofSubtraction: Rule = ({ operands }) =>
  operands.every(isZero) ? (isPositiveZero(operands[0]) ? 0 : "zero") : undefined;

export const ofChoice: Rule = ({ operands: [condition, a, b] }) =>
  typeof condition === "number" ? (condition === 0 ? b : a) : weakest([a, b]);

export const ofAnd: Rule = ({ operands }) => (operands.includes(0) ? 0 : undefined);

export const ofOr: Rule = ({ operands }) => (operands.includes(1) ? 1 : undefined);

/** Sums start from +0, so a sum of zeros of either sign is +0. */
export const ofSum: Rule = ({ operands }) => (isZero(operands[0]) ? 0 : undefined);

export const ofMatrixProduct: Rule = ({ operands: [a, b], inputs }) =>
  isZero(a) || (isZero(b) && (inputs[1]?.shape.length ?? 0) > 2) ? 0 : undefined;
