/** A reader of a stream: the state that it has, and the calls that change it one after the other. */
import { leavesOf, mapTree, TensorError, type ArrayTensor, type Tensor, type Tree } from "@sluice/tensor";
import type { Extras } from "../cell/inputs.ts";
import { checkExtraValues } from "./extra-values.ts";
import { checkOptions, checkTree, isArray, sizeOf, type ExpectedLeaf } from "@sluice/tensor/internal";

interface StreamStepOptions {
  /** bool `[batch]`, with `masks`: false for a row that does not take this step. It keeps its state. */
  readonly mask?: ArrayTensor;
  /** What the layer's cells read besides `x`, `[batch, ...]`, by name: all that `layer.extra` has. */
  readonly extra?: Readonly<Record<string, ArrayTensor>>;
}

/**
 * A layer that reads a sequence as it arrives, one step at a time, in constant memory: for a server or a page. Calls
 * are queued in order, so you need not await one before the next.
 */
export interface Stream<S extends Tree> {
  /** One step: x `[batch, input]` (or as `layer.x` says) in, output `[batch, features]` out. A step that fails leaves the state as it was. */
  step(x: ArrayTensor, options?: StreamStepOptions): Promise<ArrayTensor>;
  /** A copy of the state, to go on from later or elsewhere. */
  state(): Promise<S>;
  /** Replaces the state by one with the same paths, shapes and dtypes. */
  setState(state: S): Promise<void>;
  /** Sets all rows, or these rows, back to the state before the first step. */
  reset(rows?: readonly number[]): Promise<void>;
  /**
   * Another reader that starts from the state of this one, for example one per client. It shares the compiled program,
   * so it costs only the memory of its state.
   */
  fork(): Stream<S>;
  /** Closes this reader. The program is freed with its last reader. */
  dispose(): Promise<void>;
}

/** What a reader keeps between steps: the layer's state, and the last output if masked steps repeat it. */
export type Reading<S extends Tree> = { readonly state: S; readonly last?: Tensor };

/** What is read at one step. */
export type StepInputs = {
  readonly x: Tensor;
  readonly extra: Readonly<Record<string, Tensor>>;
  readonly mask?: Tensor;
};

/** What all readers of a stream share: its compiled program. */
export interface Program<S extends Tree> {
  /** How many rows are read side by side. */
  readonly batch: number;
  /** Where a reader begins. */
  readonly initial: Reading<S>;
  /** What the layer declares as extra inputs. */
  readonly extra: Extras;
  /** Inputs as every step is given them. */
  readonly example: StepInputs;
  /** One step: where the reader stands after it, and the output `[batch, features]`. */
  run(reading: Reading<S>, inputs: StepInputs): Promise<{ readonly reading: Reading<S>; readonly y: Tensor }>;
  /** Is told of a reader that begins. */
  open(): void;
  /** Is told of a reader that ends; frees the program after the last one. */
  close(): Promise<void>;
}

/** A reader that begins at `begin`. Its state is replaced, never changed, so that forks may begin with the same one. */
export function readerOf<S extends Tree>(program: Program<S>, begin: Promise<Reading<S>>): Stream<S> {
  const { batch, initial } = program;
  const [inputs, states] = [typesOf(program.example), typesOf(initial.state)];
  const reader = queueOf(begin);
  program.open();
  return {
    async step(x, stepOptions = {}) {
      checkOptions("stream.step", stepOptions, ["extra", "mask"]);
      const { extra = {}, mask } = stepOptions;
      const given = { x, extra, ...(mask && { mask }) };
      checkTree("stream.step", "inputs", inputs, given);
      checkExtraValues("stream.step", program.extra, extra, (row) =>
        mask?.data[row] === 0 ? undefined : `in row ${row}`,
      );
      return reader.ask(async (reading) => {
        const output = await program.run(reading, given);
        return { reading: output.reading, result: arrayOf(output.y) };
      });
    },
    state: () => reader.ask(async (reading) => ({ reading, result: copyOf(reading.state) })),
    async setState(state) {
      checkTree("stream.setState", "states", states, state);
      const copy = copyOf(state);
      return reader.ask(async () => ({ reading: { ...initial, state: copy }, result: undefined }));
    },
    async reset(rows) {
      const wrong = rows?.find((row) => !Number.isInteger(row) || row < 0 || row >= batch);
      if (wrong !== undefined)
        throw new TensorError(`stream.reset: expected rows from 0 to ${batch - 1}, got ${wrong}`);
      return reader.ask(async (reading) => ({
        reading: rows === undefined ? initial : withRows(reading, initial, rows),
        result: undefined,
      }));
    },
    fork: () => readerOf(program, reader.current()),
    async dispose() {
      if (await reader.end()) await program.close();
    },
  };
}

/** Calls that are answered in their order, each given where the one before left the reader. */
interface Queue<S extends Tree> {
  /** What comes after all that has been asked for so far; what fails leaves the reader where it was. */
  ask<R>(next: (reading: Reading<S>) => Promise<{ readonly reading: Reading<S>; readonly result: R }>): Promise<R>;
  current(): Promise<Reading<S>>;
  /** Takes no more calls, and waits for those that were made; false where it had ended already. */
  end(): Promise<boolean>;
}

function queueOf<S extends Tree>(begin: Promise<Reading<S>>): Queue<S> {
  let current = begin;
  let ended = false;
  const checkOpen = (): void => {
    if (ended) throw new TensorError("stream: already disposed of");
  };
  return {
    async ask(next) {
      checkOpen();
      const before = current;
      const after = before.then(next);
      current = after.then(
        ({ reading }) => reading,
        () => before,
      );
      return (await after).result;
    },
    current() {
      checkOpen();
      return current;
    },
    async end() {
      if (ended) return false;
      ended = true;
      await current;
      return true;
    },
  };
}

function typesOf(tree: Tree): ExpectedLeaf[] {
  return leavesOf(tree).map(({ path, tensor: { shape, dtype } }) => ({ path, shape, dtype }));
}

/** The values of a tensor that has some. */
export function arrayOf(x: Tensor): ArrayTensor {
  if (isArray(x)) return x;
  throw new TensorError("stream: expected values, got a symbol");
}

function copyOf<T extends Tree>(tree: T): T {
  return mapTree(tree, (x) => ({ ...arrayOf(x), data: arrayOf(x).data.slice() }));
}

/** `state` with these rows as in `from`. */
function withRows<S extends Tree>(state: S, from: S, rows: readonly number[]): S {
  const sources = new Map(leavesOf(from).map(({ path, tensor: x }) => [path, arrayOf(x)]));
  return mapTree(copyOf(state), (x, path) => {
    const [{ data }, width] = [arrayOf(x), sizeOf(x.shape.slice(1))];
    const source = sources.get(path)?.data;
    if (source !== undefined)
      for (const row of rows) data.set(source.subarray(row * width, (row + 1) * width), row * width);
    return x;
  });
}
