import { dropout as droppedOut, lstm } from "@sluice/cells";
import { bias, type Initializer, type InitOptions } from "@sluice/params";
import {
  add,
  broadcastTo,
  concat,
  full,
  keyFor,
  matmul,
  mul,
  or,
  relu,
  scan,
  select,
  sigmoid,
  softmax,
  tanh,
  transpose,
  type ArrayTensor,
  type Tensor,
} from "@sluice/tensor";
import { checkOptions } from "@sluice/tensor/internal";
import { defineFusion } from "../define-fusion.ts";
import type { Fusion } from "../fusion.ts";
import { checkRate, checkSeveral, checkSize, sequenceInputs } from "../inputs.ts";
import { matrices } from "../matrices.ts";
import { longest, type SeenModality } from "../seen.ts";

/** The four networks of a memory fusion, each of one hidden layer. */
export type MemoryFusionNetwork = "attention" | "proposal" | "retain" | "update";

/** Options of {@link memoryFusion}. */
export interface MemoryFusionOptions<M extends string> {
  /** The aligned sequences, and the width of each. */
  readonly inputs: Readonly<Record<M, number>>;
  /** The number of hidden units of the LSTM of each modality, for all or by name. */
  readonly hidden: number | Readonly<Record<M, number>>;
  /** The width of the memory u. */
  readonly memory: number;
  /** The number of hidden units of the networks, for all or by name. Default: `memory`. */
  readonly units?: number | Readonly<Partial<Record<MemoryFusionNetwork, number>>>;
  /** Rate of dropout of these hidden units in training, for all or by name. Default 0. */
  readonly dropout?: number | Readonly<Partial<Record<MemoryFusionNetwork, number>>>;
  /** The initializer of the matrices of the networks. Default glorotUniform. */
  readonly kernelInitializer?: Initializer;
}

/** W1 `[in, units]`, b1 `[units]`, W2 `[units, out]`, b2 `[out]`. */
export type MemoryFusionNetworkParams = Readonly<Record<"W1" | "b1" | "W2" | "b2", Tensor>>;

/** The LSTM of each modality (W `[width, 4 hidden]`, U `[hidden, 4 hidden]`, b `[4 hidden]`), and the networks. */
export type MemoryFusionParams<M extends string = string> = {
  readonly lstms: Readonly<Record<M, { readonly W: Tensor; readonly U: Tensor; readonly b?: Tensor }>>;
} & Readonly<Record<MemoryFusionNetwork, MemoryFusionNetworkParams>>;

/**
 * Memory fusion network (Zadeh et al. 2018, "MFN", arXiv:1802.00927) over the steps of aligned sequences: an LSTM for
 * each modality, an attention to what changes in their memories (delta-memory attention), and a memory of its own
 * (multi-view gated memory). At each step t:
 *
 *     h_m, c_m = LSTM_m(x_m,t, h_m, c_m)
 *     c' = [c_1,t-1; ...; c_M,t-1; c_1,t; ...; c_M,t]
 *     c^ = softmax(D_attention(c')) c'
 *     u^ = tanh(D_proposal(c^))
 *     g1 = sigmoid(D_retain([c^; u_t-1])),   g2 = sigmoid(D_update([c^; u_t-1]))
 *     u_t = g1 u_t-1 + g2 u^
 *
 *     D(z) = relu(z W1 + b1) W2 + b2
 *     h = [h_1,T; ...; h_M,T; u_T]                              [batch, sum of hidden + memory]
 *
 * T is the last step of the row. This is the authors' code (github.com/pliang279/MFN, `test_mosi.py`, commit b0453fb),
 * where the gates see u_t-1. Its output network, of one hidden layer, is left to the readout. The LSTMs are `lstm` of
 * `@sluice/cells`, with its initial values and one bias.
 *
 * Where a modality is missing, its h and c stay as they are; where all are missing, so does u. h is 0 in a row without
 * any step. Traces: attention `[batch, time, 2 (sum of hidden)]`, retain and update `[batch, time, memory]`.
 *
 * Throws a TensorError if there is a single modality.
 */
export function memoryFusion<M extends string>(options: MemoryFusionOptions<M>): Fusion<MemoryFusionParams<M>, M>;
export function memoryFusion(options: MemoryFusionOptions<string>): Fusion<MemoryFusionParams> {
  const { inputs, hidden, memory, units, rates, kernelInitializer } = checked(options);
  const names = Object.keys(inputs);
  const cells = names.map((name) => lstm({ input: inputs[name]!.width, hidden: hidden[name]! }));
  const total = names.reduce((sum, name) => sum + hidden[name]!, 0);
  const network = networkSpecs(kernelInitializer);
  return defineFusion({
    name: "memoryFusion",
    inputs,
    aligned: true,
    features: total + memory,
    params: {
      attention: network(2 * total, units.attention, 2 * total),
      proposal: network(2 * total, units.proposal, memory),
      retain: network(2 * total + memory, units.retain, memory),
      update: network(2 * total + memory, units.update, memory),
    },
    parts: { lstms: systemOf(names, cells) },
    fuse(params, modalities, { training, key, trace }) {
      const given = names.map((name) => modalities[name]!);
      const { dtype, shape } = given[0]!.x;
      const [batch = 0, time = 0] = shape;
      const kept = (of: MemoryFusionNetwork): Tensor =>
        droppedOut(full([time, batch, units[of]], 1, dtype), rates[of], key(of));
      const dropping = training ? networks.filter((of) => rates[of] > 0) : [];
      const xs: Steps = {
        x: given.map(({ x }) => timeMajor(x)),
        present: presentOf(given, time),
        kept: Object.fromEntries(dropping.map((of) => [of, kept(of)])),
      };
      const zeros = (width: number): Tensor => full([batch, width], 0, dtype);
      const states = names.map((name) => zeros(hidden[name]!));
      const lstms = cells.map(
        (cell, m) => (h: Tensor, c: Tensor, x: Tensor) => cell.step(params.lstms[names[m]!]!, { h, c }, x).state,
      );
      const lengths = longest(given);
      const { state, output } = scan(
        (before: Memory, now: Steps) => stepOf(params, lstms, before, now),
        { h: states, c: states, u: zeros(memory) },
        xs,
        lengths === undefined ? {} : { lengths },
      );
      for (const [name, values] of Object.entries(output)) trace(name, timeMajor(values));
      return { output: concat([...state.h, state.u], -1) };
    },
  });
}

type Lstm = ReturnType<typeof lstm>;

/** The LSTMs of all modalities as one part. */
function systemOf(names: readonly string[], cells: readonly Lstm[]) {
  return {
    params: Object.fromEntries(cells.map(({ params }, m) => [names[m]!, params])),
    buffers: {},
    init: (key: ArrayTensor, options?: InitOptions): MemoryFusionParams["lstms"] =>
      Object.fromEntries(cells.map((cell, m) => [names[m]!, cell.init(keyFor(key, names[m]!), options)])),
    initialBuffers: () => ({}),
  };
}

/** What goes from step to step: h and c of each modality, and u. */
type Memory = { readonly h: readonly Tensor[]; readonly c: readonly Tensor[]; readonly u: Tensor };

/** What a step reads. */
type Steps = {
  /** The values of each modality. */
  readonly x: readonly Tensor[];
  /** Where each modality is present; empty if all are everywhere. */
  readonly present: readonly Tensor[];
  /** What dropout leaves of the hidden units of the networks, as factors. */
  readonly kept: Readonly<Partial<Record<MemoryFusionNetwork, Tensor>>>;
};

type LstmStep = (h: Tensor, c: Tensor, x: Tensor) => { readonly h: Tensor; readonly c: Tensor };

/** One step of the equations. */
function stepOf(params: MemoryFusionParams, lstms: readonly LstmStep[], { h, c, u }: Memory, now: Steps) {
  const D = (of: MemoryFusionNetwork, z: Tensor): Tensor => {
    const [{ W1, b1, W2, b2 }, kept] = [params[of], now.kept[of]];
    const a = relu(add(matmul(z, W1), b1));
    return add(matmul(kept === undefined ? a : mul(a, kept), W2), b2);
  };
  const next = lstms.map((step, m) => {
    const { h: nextH, c: nextC } = step(h[m]!, c[m]!, now.x[m]!);
    const here = now.present[m];
    return here === undefined
      ? { h: nextH, c: nextC }
      : { h: select(here, nextH, h[m]!), c: select(here, nextC, c[m]!) };
  });
  const both = concat([...c, ...next.map((one) => one.c)], -1);
  const attention = softmax(D("attention", both));
  const attended = mul(attention, both);
  const proposal = tanh(D("proposal", attended));
  const seen = concat([attended, u], -1);
  const retain = sigmoid(D("retain", seen));
  const update = sigmoid(D("update", seen));
  const nextU = add(mul(retain, u), mul(update, proposal));
  return {
    state: {
      h: next.map((one) => one.h),
      c: next.map((one) => one.c),
      u: now.present.length === 0 ? nextU : select(now.present.reduce(or), nextU, u),
    },
    output: { attention, retain, update },
  };
}

/** `[batch, time, width]` to `[time, batch, width]`, or back. */
const timeMajor = (x: Tensor): Tensor => transpose(x, [1, 0, 2]);

/** bool `[time, batch, 1]` for each modality; none if nothing is missing. */
function presentOf(given: readonly SeenModality[], time: number): Tensor[] {
  if (given.every(({ present }) => present === undefined)) return [];
  return given.map(({ x, present }) => {
    const shape = [x.shape[0] ?? 0, time, 1];
    return timeMajor(present === undefined ? full(shape, 1, "bool") : broadcastTo(present, shape));
  });
}

const networks = ["attention", "proposal", "retain", "update"] as const;

function networkSpecs(initializer: Initializer | undefined) {
  const matrix = matrices(initializer);
  return (input: number, units: number, output: number) => ({
    W1: matrix([input, units]),
    b1: bias([units]),
    W2: matrix([units, output]),
    b2: bias([output]),
  });
}

function checked(options: MemoryFusionOptions<string>) {
  const name = "memoryFusion";
  checkOptions(name, options, ["inputs", "hidden", "memory", "units", "dropout", "kernelInitializer"], {
    memorySize: "memory",
    memsize: "memory",
    mem_dim: "memory",
    shapes: "units",
    drop: "dropout",
  });
  const inputs = sequenceInputs(name, options.inputs);
  checkSeveral(name, inputs);
  const names = Object.keys(inputs);
  const memory = checkSize(name, "memory", options.memory);
  const hidden = numbersOf("hidden", names, options.hidden, undefined);
  for (const of of names) checkSize(name, `hidden of ${of}`, hidden[of]);
  const units = numbersOf("units", networks, options.units, memory);
  for (const of of networks) checkSize(name, `units of ${of}`, units[of]);
  const rates = numbersOf("dropout", networks, options.dropout, 0);
  for (const of of networks) checkRate(name, `dropout of ${of}`, rates[of]);
  return { inputs, hidden, memory, units, rates, kernelInitializer: options.kernelInitializer };
}

/** One number for all, or a number by name. */
function numbersOf<N extends string>(
  option: string,
  names: readonly N[],
  given: number | Readonly<Partial<Record<N, number>>> | undefined,
  byDefault: number | undefined,
): Readonly<Record<N, number>>;
function numbersOf(
  option: string,
  names: readonly string[],
  given: number | Readonly<Partial<Record<string, number>>> | undefined,
  byDefault: number | undefined,
): Readonly<Record<string, number | undefined>> {
  if (typeof given === "object") checkOptions(`memoryFusion: ${option}`, given, names);
  return Object.fromEntries(
    names.map((name) => [name, typeof given === "object" ? (given[name] ?? byDefault) : (given ?? byDefault)]),
  );
}
