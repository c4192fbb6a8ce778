/**
 * Back-propagation through time. The forward scan is replaced by one that also returns the values that the backward
 * scan needs (its residuals). The backward scan walks the steps in the other direction and sums the cotangents of the
 * captures (the weights) in additional states.
 */
import { isFloat } from "../dtype.ts";
import { backward } from "../gradient/backward.ts";
import type { GradientContext, GradientResult } from "../node.ts";
import { add } from "../primitives/arithmetic.ts";
import { select } from "../primitives/elementwise.ts";
import type { ScanOperation } from "../primitives/operation.ts";
import { close } from "../program/close.ts";
import { input, programOf } from "../program/program.ts";
import { substitute } from "../program/rewrite.ts";
import { labelOf, zerosLike, type SymbolTensor, type Tensor } from "../tensor.ts";
import { split } from "./parts.ts";
import { residualsOf } from "./residuals.ts";

export function scanGradient(
  { operation, inputs, cotangents, needs }: GradientContext<ScanOperation>,
  applyScan: (operation: ScanOperation, inputs: readonly Tensor[]) => readonly Tensor[],
): GradientResult {
  const { body } = operation;
  const outer = split(operation, inputs);
  const inner = split(operation, body.inputs);
  const needed = split(operation, needs);
  const outputCotangents = cotangents.slice(operation.states);

  // Every float state carries a cotangent backwards, even one whose final value is not used.
  const states = inner.states.map((x, i) => ({ x, i })).filter(({ x }) => isFloat(x.dtype));
  const stateSeeds = states.map(({ x }) => input(x, `d ${labelOf(x) || "state"}`));
  const outputSeeds = body.outputs
    .slice(operation.states)
    .map((y, i) => (outputCotangents[i] ? input(y, "d output") : undefined));
  const captures = inner.captures.filter((x, i) => needed.captures[i] === true && isFloat(x.dtype));
  const sequences = inner.sequences.filter((x, i) => needed.sequences[i] === true && isFloat(x.dtype));

  const seedOfState = (i: number): SymbolTensor | undefined => stateSeeds[states.findIndex((state) => state.i === i)];
  const seeds = [...inner.states.map((_, i) => seedOfState(i)), ...outputSeeds];
  const step = backward(body.outputs, seeds, [...captures, ...states.map(({ x }) => x), ...sequences]);
  const gradientOf = new Map(
    [...captures, ...states.map(({ x }) => x), ...sequences].map((x, i) => [x, step.cotangents[i]]),
  );

  const summed = captures.flatMap((x) => pair(x, gradientOf.get(x)));
  const sliced = sequences.flatMap((x) => pair(x, gradientOf.get(x)));
  const totals = summed.map(({ x }) => input(x, `d ${labelOf(x) || "capture"}`));
  const bodyOutputs = [
    ...states.map(({ x, i }, at) =>
      held(operation, body.outputs[i]!, x, gradientOf.get(x) ?? zerosLike(x), stateSeeds[at]!),
    ),
    ...summed.map(({ gradient }, i) => add(totals[i]!, gradient)),
    ...sliced.map(({ gradient }) => gradient),
  ];

  const usedOutputSeeds = outputSeeds.filter((x) => x !== undefined);
  const residuals = residualsOf(bodyOutputs, [...stateSeeds, ...totals, ...usedOutputSeeds], inner);
  const forward = applyScan(
    { ...operation, body: programOf(body.inputs, [...step.outputs, ...residuals.stacked]) },
    inputs,
  );

  const stackedInputs = residuals.stacked.map((x) => input(x, labelOf(x) || "residual"));
  const bodyInputs = [...stateSeeds, ...totals, ...usedOutputSeeds, ...stackedInputs, ...residuals.sequences];
  const closed = close(bodyInputs, substitute(bodyOutputs, residuals.stacked, stackedInputs));
  const lengths = operation.lengths === undefined ? -1 : closed.captures.indexOf(inner.captures[operation.lengths]!);
  const results = applyScan(
    {
      op: "scan",
      body: closed.program,
      captures: closed.captures.length,
      states: stateSeeds.length + totals.length,
      sequences: usedOutputSeeds.length + stackedInputs.length + residuals.sequences.length,
      length: operation.length,
      reverse: !operation.reverse,
      ...(lengths >= 0 ? { lengths } : {}),
    },
    [
      // Values of the step that depend on the captures only are computed outside the loop, from the outer tensors.
      ...substitute(closed.captures, inner.captures, outer.captures),
      ...states.map(({ x, i }) => cotangents[i] ?? zerosLike(x)),
      ...totals.map(zerosLike),
      ...outputCotangents.filter((g) => g !== undefined),
      ...forward.slice(body.outputs.length),
      ...residuals.sequences.map((x) => outer.sequences[inner.sequences.indexOf(x)]!),
    ],
  );

  const ordered = [...states.map(({ x }) => x), ...summed.map(({ x }) => x), ...sliced.map(({ x }) => x)];
  return {
    cotangents: body.inputs.map((x) => results[ordered.indexOf(x)]),
    outputs: forward.slice(0, body.outputs.length),
  };
}

/**
 * If a row keeps its state because its sequence is over, its cotangent passes unchanged: the step's gradient adds zeros
 * there. It is written as a select, so that the form of the backward loop shows the promise about lengths, as that of
 * the forward loop does.
 */
function held(
  { lengths }: ScanOperation,
  next: Tensor,
  state: SymbolTensor,
  gradient: Tensor,
  seed: SymbolTensor,
): Tensor {
  if (lengths === undefined || next.kind === "array" || next.node.operation.op !== "select") return gradient;
  const [active, , kept] = next.node.inputs;
  return kept === state ? select(active!, gradient, seed) : gradient;
}

function pair(x: SymbolTensor, gradient: Tensor | undefined): { x: SymbolTensor; gradient: Tensor }[] {
  return gradient === undefined ? [] : [{ x, gradient }];
}
