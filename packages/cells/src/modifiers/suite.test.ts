// Every modifier, around a GRU or an LSTM, passes what a cell must.
import { batchNorm } from "@sluice/norm";
import { dropConnect } from "@sluice/params";
import { wasm } from "@sluice/wasm";
import { afterAll, describe, test } from "vitest";
import {
  blockDiagonal,
  candidateDropout,
  chronoInitialization,
  clipState,
  fastSlow,
  gru,
  highway,
  independentRecurrence,
  integration,
  learnedInitialState,
  lstm,
  multiplicative,
  reparametrize,
  residual,
  stateNoise,
  stepDropout,
  type Cell,
} from "../index.ts";
import { cellSuite } from "../testing/index.ts";

const backend = wasm();
afterAll(() => backend.close());

const sizes = { input: 2, hidden: 3 };
const cells: Readonly<Record<string, Cell>> = {
  "independentRecurrence of a GRU": independentRecurrence(gru(sizes)),
  "independentRecurrence of a GRU with the reset before": independentRecurrence(gru({ ...sizes, reset: "before" })),
  "blockDiagonal of an LSTM": blockDiagonal(lstm({ input: 2, hidden: 4 }), { heads: 2 }),
  "integration of an LSTM": integration(lstm(sizes), "multiplication"),
  "integration of a GRU with the reset before": integration(gru({ ...sizes, reset: "before" }), "multiplication"),
  "multiplicative LSTM": multiplicative(lstm(sizes)),
  "residual GRU": residual(gru({ input: 3, hidden: 3 })),
  "residual LSTM with a projection": residual(lstm(sizes)),
  "highway of a GRU": highway(gru({ input: 3, hidden: 3 })),
  "highway of an LSTM with a projection": highway(lstm(sizes)),
  "fastSlow of three LSTMs and a GRU": fastSlow({
    fast: [lstm(sizes), lstm(sizes), lstm({ input: 1, hidden: 3 })],
    slow: gru({ input: 3, hidden: 2 }),
  }),
  "fastSlow of cells with statistics of the batch": fastSlow({
    fast: [
      gru({ ...sizes, norm: batchNorm({ steps: 4 }) }),
      gru({ input: 2, hidden: 3, norm: batchNorm({ steps: 4 }) }),
    ],
    slow: learnedInitialState(gru({ input: 3, hidden: 2 })),
  }),
  "stepDropout of a GRU": stepDropout(gru(sizes), { input: 0.3, recurrent: 0.2, masks: "perGate" }),
  "candidateDropout of an LSTM": candidateDropout(lstm(sizes), { rate: 0.3 }),
  "clipState of an LSTM": clipState(lstm(sizes), { c: 0.6 }),
  "stateNoise of a GRU": stateNoise(gru(sizes), { deviation: 0.1 }),
  "learnedInitialState of an LSTM": learnedInitialState(lstm(sizes)),
  "chronoInitialization of an LSTM": chronoInitialization(lstm(sizes), { maxTime: 20, forget: 1, input: 0 }),
  "DropConnect of a block-diagonal integration": reparametrize(
    integration(blockDiagonal(gru({ input: 2, hidden: 4 }), { heads: 2 }), "multiplication"),
    { recurrent: dropConnect(0.5) },
  ),
};

describe.each(Object.entries(cells))("%s", (_, cell) => {
  for (const { name, skip, run } of cellSuite(cell, { backend }))
    test(name, (context) => (skip === undefined ? run() : context.skip(skip)));
});
