/**
 * Back-propagation through time. The forward scan is replaced by one that also returns the values that the backward
 * scan needs (its residuals). The backward scan walks the steps in the other direction and sums the cotangents of the
 * captures (the weights) in additional states.
 */
import { isFloat } from "../dtype.ts";
import { backward } from "../gradient/backward.ts";
import { nth } from "../lists.ts";
import { isNodeOf, type GradientContext, type GradientResult } from "../node.ts";
import { add } from "../primitives/arithmetic.ts";
import { select } from "../primitives/elementwise.ts";
import type { ScanOperation } from "../primitives/operation.ts";
import { close } from "../program/close.ts";
import { input, programOf } from "../program/program.ts";
import { substitute } from "../program/rewrite.ts";
import { labelOf, zerosLike, type SymbolTensor, type Tensor } from "../tensor.ts";
import { split } from "./parts.ts";
import { residualsOf, type Residuals } from "./residuals.ts";

type ApplyScan = (operation: ScanOperation, inputs: readonly Tensor[]) => readonly Tensor[];

export function scanGradient(context: GradientContext<ScanOperation>, applyScan: ApplyScan): GradientResult {
  const { operation, inputs } = context;
  const { body } = operation;
  const step = backwardStep(context);
  const residuals = residualsOf(step.results, seedsOf(step), split(operation, body.inputs));
  const forward = applyScan(
    { ...operation, body: programOf(body.inputs, [...step.forward, ...residuals.stacked]) },
    inputs,
  );
  const results = backwardLoop(context, step, residuals, forward.slice(body.outputs.length), applyScan);
  const ordered = [...step.states, ...step.totals, ...step.slices].map(({ x }) => x);
  return {
    cotangents: body.inputs.map((x) => results[ordered.indexOf(x)]),
    outputs: forward.slice(0, body.outputs.length),
  };
}

/** A state of the forward step, and what stands for its cotangent in the backward step. */
interface State {
  readonly x: SymbolTensor;
  /** Its position among the states. */
  readonly index: number;
  readonly seed: SymbolTensor;
}

/** A capture whose cotangent is summed over the steps, and what stands for the sum so far. */
interface Total {
  readonly x: SymbolTensor;
  readonly gradient: Tensor;
  readonly seed: SymbolTensor;
}

/** The step of the backward loop, as tensors made from the forward step's. */
interface BackwardStep {
  readonly states: readonly State[];
  readonly totals: readonly Total[];
  /** Slices of sequences, and their cotangents. */
  readonly slices: readonly { readonly x: SymbolTensor; readonly gradient: Tensor }[];
  /** What stands for the cotangents of the forward step's outputs. */
  readonly outputSeeds: readonly SymbolTensor[];
  /** The step's results: next cotangents of the states, next totals, cotangents of the slices. */
  readonly results: readonly Tensor[];
  /** The forward step's outputs, computed together with the values that the backward step reads. */
  readonly forward: readonly Tensor[];
}

/** What the backward loop gives its step, besides values of the forward loop. */
function seedsOf({ states, totals, outputSeeds }: BackwardStep): SymbolTensor[] {
  return [...[...states, ...totals].map(({ seed }) => seed), ...outputSeeds];
}

function backwardStep({ operation, cotangents, needs }: GradientContext<ScanOperation>): BackwardStep {
  const { body } = operation;
  const inner = split(operation, body.inputs);
  const needed = split(operation, needs);
  // Every float state carries a cotangent backwards, even one whose final value is not used.
  const states = inner.states.flatMap((x, index): State[] =>
    isFloat(x.dtype) ? [{ x, index, seed: input(x, `d ${labelOf(x) || "state"}`) }] : [],
  );
  const outputSeeds = body.outputs
    .slice(operation.states)
    .map((y, i) => (cotangents[operation.states + i] ? input(y, "d output") : undefined));
  const captures = inner.captures.filter((x, i) => needed.captures[i] === true && isFloat(x.dtype));
  const sequences = inner.sequences.filter((x, i) => needed.sequences[i] === true && isFloat(x.dtype));

  const seedOfState = new Map(states.map(({ x, seed }) => [x, seed]));
  const seeds = [...inner.states.map((x) => seedOfState.get(x)), ...outputSeeds];
  const wrt = [...captures, ...states.map(({ x }) => x), ...sequences];
  const found = backward(body.outputs, seeds, wrt);
  const gradientOf = new Map(wrt.map((x, i) => [x, found.cotangents[i]]));
  const withGradient = (x: SymbolTensor): { x: SymbolTensor; gradient: Tensor }[] => {
    const gradient = gradientOf.get(x);
    return gradient === undefined ? [] : [{ x, gradient }];
  };

  const totals = captures
    .flatMap(withGradient)
    .map(({ x, gradient }): Total => ({ x, gradient, seed: input(x, `d ${labelOf(x) || "capture"}`) }));
  const slices = sequences.flatMap(withGradient);
  const results = [
    ...states.map((state) =>
      held(operation, nth(body.outputs, state.index), state, gradientOf.get(state.x) ?? zerosLike(state.x)),
    ),
    ...totals.map(({ gradient, seed }) => add(seed, gradient)),
    ...slices.map(({ gradient }) => gradient),
  ];
  return {
    states,
    totals,
    slices,
    outputSeeds: outputSeeds.filter((x) => x !== undefined),
    results,
    forward: found.outputs,
  };
}

/** The loop of the backward step in the other direction. `kept` are the stacked residuals of all steps. */
function backwardLoop(
  { operation, inputs, cotangents }: GradientContext<ScanOperation>,
  step: BackwardStep,
  residuals: Residuals,
  kept: readonly Tensor[],
  applyScan: ApplyScan,
): readonly Tensor[] {
  const inner = split(operation, operation.body.inputs);
  const outer = split(operation, inputs);
  const stackedInputs = residuals.stacked.map((x) => input(x, labelOf(x) || "residual"));
  const closed = close(
    [...seedsOf(step), ...stackedInputs, ...residuals.sequences],
    substitute(step.results, residuals.stacked, stackedInputs),
  );
  const lengths =
    operation.lengths === undefined ? -1 : closed.captures.indexOf(nth(inner.captures, operation.lengths));
  return applyScan(
    {
      op: "scan",
      body: closed.program,
      captures: closed.captures.length,
      states: step.states.length + step.totals.length,
      sequences: step.outputSeeds.length + stackedInputs.length + residuals.sequences.length,
      length: operation.length,
      reverse: !operation.reverse,
      ...(lengths >= 0 ? { lengths } : {}),
    },
    [
      // Values of the step that depend on the captures only are computed outside the loop, from the outer tensors.
      ...substitute(closed.captures, inner.captures, outer.captures),
      ...step.states.map(({ x, index }) => cotangents[index] ?? zerosLike(x)),
      ...step.totals.map(({ seed }) => zerosLike(seed)),
      ...cotangents.slice(operation.states).filter((g) => g !== undefined),
      ...kept,
      ...residuals.sequences.map((x) => nth(outer.sequences, inner.sequences.indexOf(x))),
    ],
  );
}

/**
 * If a row keeps its state because its sequence is over, its cotangent passes unchanged: the step's gradient adds zeros
 * there. It is written as a select, so that the form of the backward loop shows the promise about lengths, as that of
 * the forward loop does.
 */
function held({ lengths }: ScanOperation, next: Tensor, { x, seed }: State, gradient: Tensor): Tensor {
  if (lengths === undefined || next.kind === "array" || !isNodeOf(next.node, "select")) return gradient;
  const [active, , kept] = next.node.inputs;
  return kept === x ? select(active, gradient, seed) : gradient;
}
