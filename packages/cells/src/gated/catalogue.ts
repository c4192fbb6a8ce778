import type { CatalogueEntry } from "../catalogue/entry.ts";
import { gru } from "./gru.ts";
import { janet } from "./janet.ts";
import { lstm } from "./lstm.ts";
import { rnn } from "./rnn.ts";

export const gatedCells: readonly CatalogueEntry[] = [
  { name: "rnn", make: rnn, source: "Elman 1990, doi:10.1207/s15516709cog1402_1", numbers: "PyTorch" },
  {
    name: "rnn, relu",
    make: (options) => rnn({ ...options, activation: "relu" }),
    source: "Le et al. 2015, arXiv:1504.00941",
    numbers: "PyTorch",
  },
  { name: "gru", make: gru, source: "Cho et al. 2014, arXiv:1406.1078", numbers: "PyTorch" },
  {
    name: "gru, reset before",
    make: (options) => gru({ ...options, reset: "before" }),
    source: "Cho et al. 2014, arXiv:1406.1078",
    numbers: "Keras",
  },
  {
    name: "gru, reset none",
    make: (options) => gru({ ...options, reset: "none" }),
    source: "M-GRU of Ravanelli et al. 2018, arXiv:1803.10225",
    numbers: "flax 0.12.8",
  },
  { name: "lstm", make: lstm, source: "Gers et al. 2000, doi:10.1162/089976600300015015", numbers: "PyTorch" },
  {
    name: "lstm, peephole",
    make: (options) => lstm({ ...options, peephole: true }),
    source: "Gers et al. 2002, JMLR 3, 115-143",
    numbers: "torchrecurrent 0.2.5",
    torchrecurrent: "PeepholeLSTM",
  },
  {
    name: "lstm, projection",
    make: (options) => lstm({ ...options, projection: 2 }),
    source: "Sak et al. 2014, arXiv:1402.1128",
    numbers: "PyTorch",
  },
  {
    name: "lstm, coupled",
    make: (options) => lstm({ ...options, coupled: true }),
    source: "CIFG of Greff et al. 2015, arXiv:1503.04069",
    numbers: "a plain loop",
  },
  {
    name: "lstm, no forget gate",
    make: (options) => lstm({ ...options, forgetGate: false }),
    source: "Hochreiter, Schmidhuber 1997, doi:10.1162/neco.1997.9.8.1735",
    numbers: "torchrecurrent 0.2.5",
    torchrecurrent: "OriginalLSTM",
  },
  {
    name: "janet",
    make: janet,
    source: "van der Westhuizen and Lasenby 2018, arXiv:1804.04849",
    numbers: "torchrecurrent",
    torchrecurrent: "JANET",
  },
];
