/**
 * brain.js offers only a GRU over characters, one sequence at a time. Its training step, on a batch of sequences of the
 * case's length with as many symbols as the case has inputs, is compared with the case's whole training step. It has a
 * loss at every symbol and its own optimizer.
 */

import { createRequire } from "node:module";
import { join } from "node:path";
import type { Case } from "../cases.ts";
import { serve } from "./serve.ts";
import type { Work } from "./work.ts";

interface Net {
  initialize(): void;
  trainPattern(sequence: readonly number[]): void;
}
interface Brain {
  readonly recurrent: { readonly GRU: new (options: object) => Net };
}

const load = createRequire(join(process.argv[2]!, "package.json"));
const brain = load("brain.js") as Brain;
const { version } = load("brain.js/package.json") as { version: string };

await serve({
  about: () => `brain.js ${version}`,
  async prepare(of) {
    if (of.kind !== "adam") throw new Error(`no ${of.kind} here`);
    return training(of);
  },
});

async function training({ batch, time, input, hidden }: Case): Promise<Work> {
  const net = new brain.recurrent.GRU({
    inputSize: input,
    inputRange: input - 1,
    outputSize: input - 1,
    hiddenLayers: [hidden],
  });
  net.initialize();
  const sequences = Array.from({ length: batch }, (_, row) =>
    Array.from({ length: time }, (_, t) => (row + 7 * t) % (input - 1)),
  );
  return {
    run() {
      for (const sequence of sequences) net.trainPattern(sequence);
    },
  };
}
