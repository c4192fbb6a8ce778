import { keyFor, TensorError, type Tree } from "@sluice/tensor";
import { checkOptions, suggestion } from "@sluice/tensor/internal";
import type { Cell } from "../cell/cell.ts";
import { checkCell } from "../cell/check-cell.ts";
import { checkBuffers, checkParameters, initialBuffers, makeWeights } from "@sluice/params";
import { inputOf } from "../cell/inputs.ts";
import { nonLinearIn } from "../cell/non-linear.ts";
import { probe } from "../cell/probe.ts";
import { floatOf, initialState, zeroPerturbations, type State } from "../cell/states.ts";
import { joinedBuffers } from "../cell/weight-buffers.ts";
import { checkApply } from "./apply-options.ts";
import { beginOf, dtypeOf } from "./given-states.ts";
import { recurrenceOf, type Recurrence } from "../cell/recurrence.ts";
import { readGiven, type Running } from "./given.ts";
import { asMade, checkInput, type Layer } from "./layer.ts";
import { runLongestFirst } from "./longest-first.ts";

/** Which outputs a layer returns: those of all steps, or the last one. */
export type Outputs = "all" | "last";
/** How a sequence is computed: step by step, or by an associative scan. */
export type SequenceScan = "sequential" | "associative";

/** Options of {@link sequence}. */
export interface SequenceOptions {
  /**
   * `all` (default): the outputs of every step, `[batch, time, features]`. `last`: the output of each row's last step,
   * `[batch, features]`.
   */
  readonly outputs?: Outputs;
  /**
   * Runs from the last step to the first; a row with a length starts at its last step. Each output stays at the
   * position of its step.
   */
  readonly reverse?: boolean;
  /**
   * `sequential` (default): a loop, step after step. `associative`: for a cell that is defined by a recurrence
   * ({@link defineAssociativeCell}), all steps at once by an associative scan, in about `2 log2(time)` stages. It takes
   * more work and memory, and is faster only where each step is a separate kernel launch. The values equal the loop's
   * up to rounding: sums are taken in a different order, which depends only on the positions of steps. Steps beyond the
   * lengths are computed too. Not for `perturbations`, `segment`, modifiers of the cell and cells that draw random
   * numbers.
   */
  readonly scan?: SequenceScan;
}

export interface SequenceLayer<P extends Tree = Tree, S extends State = State> extends Layer<P, S> {
  readonly kind: "sequence";
  readonly cell: Cell<P, S>;
  readonly outputs: Outputs;
  readonly reverse: boolean;
  readonly scan: SequenceScan;
}

/** Runs any cell over time. Batch first: `[batch, time, input]`. */
export function sequence<P extends Tree, S extends State>(
  cell: Cell<P, S>,
  options: SequenceOptions = {},
): SequenceLayer<P, S> {
  checkOptions("sequence", options, ["outputs", "reverse", "scan"], {
    returnSequences: "outputs",
    return_sequences: "outputs",
    goBackwards: "reverse",
    go_backwards: "reverse",
  });
  checkCell("sequence", cell);
  const { outputs = "all", reverse = false, scan = "sequential" } = options;
  checkChosen("outputs", outputs, ["all", "last"]);
  checkChosen("scan", scan, ["sequential", "associative"]);
  const running = runningOf(cell, { outputs, reverse });
  const { features } = running.probed.evaluation;
  const buffers = joinedBuffers(cell.buffers ?? {}, cell.params);
  const recurrence = scan === "associative" ? associativeOf(running) : undefined;
  const layer = {
    name: cell.name,
    input: cell.sizes.input,
    ...(cell.input === undefined ? {} : { x: inputOf(cell.input) }),
  };

  return asMade({
    kind: "sequence",
    ...layer,
    features,
    params: cell.params,
    buffers: buffers.specs,
    extra: cell.extra,
    cell,
    outputs,
    reverse,
    scan,
    init: (key, initOptions) => cell.init(key, initOptions),
    initialBuffers: (bufferOptions) => initialBuffers(buffers.specs, bufferOptions),
    initialState(batch, stateOptions) {
      const { dtype, params } = beginOf(`${cell.name}.initialState`, stateOptions);
      return initialState(cell, batch, dtype, params);
    },
    perturbations: ({ batch, time }, stateOptions) =>
      zeroPerturbations(cell.state, [batch, time], dtypeOf(`${cell.name}.perturbations`, stateOptions)),
    outputShape: outputShapeOf(running),
    apply(params, x, given = {}) {
      checkInput(layer, x);
      checkApply(cell.name, given);
      checkParameters(cell.name, cell.params, params, x);
      checkBuffers(cell.name, buffers.specs, given.buffers, floatOf(x, params));
      const { training = false, key } = given;
      // Computed once, before the loop: no step recomputes a weight.
      const made = makeWeights(cell, params, {
        training,
        key: key && keyFor(key, "reparametrization"),
        buffers: buffers.weights(given.buffers),
      });
      const read = readGiven(running, made.weights, x, { ...given, buffers: buffers.own(given.buffers) });
      const applied = recurrence ? recurrence.run(made.weights, read) : runLongestFirst(running, made.weights, read);
      return { ...applied, buffers: buffers.join(applied.buffers, made.buffers) };
    },
  });
}

function checkChosen(option: string, given: string, known: readonly string[]): void {
  if (!known.includes(given))
    throw new TensorError(`sequence: unknown ${option} ${String(given)}; ${suggestion(String(given), known)}`);
}

function runningOf<P extends Tree, S extends State>(
  cell: Cell<P, S>,
  options: Pick<Running<P, S>, "outputs" | "reverse">,
): Running<P, S> {
  const probed = { evaluation: probe(cell), training: probe(cell, { training: true }) };
  const { outputState } = probed.evaluation;
  // In training, a modifier may change the output.
  const always = probed.training.outputState === outputState ? outputState : undefined;
  return { cell, probed, outputState: always, ...options };
}

function outputShapeOf<P extends Tree, S extends State>({
  cell,
  probed,
  outputs,
}: Running<P, S>): Layer["outputShape"] {
  const { features } = probed.evaluation;
  return ({ batch, time }) => {
    if (time === undefined)
      throw new TensorError(
        `${cell.name}: it runs over time, and its input has no time axis; a layer before it has outputs: "last"`,
      );
    return outputs === "all" ? [batch, time, features] : [batch, features];
  };
}

/** The recurrence that runs all steps at once; an error where the cell cannot be run in this way. */
function associativeOf<P extends Tree, S extends State>({ cell, probed }: Running<P, S>): Recurrence<P, S> {
  const recurrence = recurrenceOf(cell);
  const together = probed.training.mixesRows || cell.buffers !== undefined;
  if (recurrence !== undefined && !together) return recurrence;
  const why =
    cell.recurrence === undefined
      ? withoutRecurrence(cell, together)
      : together
        ? takesRowsTogether
        : "a modifier, such as zoneout or dropout, has replaced the step that is made of its recurrence";
  throw new TensorError(`sequence: ${cell.name} cannot be run with scan: "associative": ${why}; leave scan out`);
}

const takesRowsTogether = "its steps, or those of its normalizer, take rows together, one step after the other";

/** Why a cell that is not defined by a recurrence has none, or what it lacks. */
function withoutRecurrence(cell: Cell, together: boolean): string {
  const found = nonLinearIn(cell);
  if (found !== undefined) return `its step is not linear in its states: it takes ${found}`;
  return together
    ? takesRowsTogether
    : "its step is not defined by a recurrence, though it is linear in its states; define it with defineAssociativeCell";
}
