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
  { name: "lstm", make: lstm, source: "Gers et al. 2000, doi:10.1162/089976600300015015", numbers: "PyTorch" },
  {
    name: "janet",
    make: janet,
    source: "van der Westhuizen and Lasenby 2018, arXiv:1804.04849",
    numbers: "torchrecurrent",
    torchrecurrent: "JANET",
  },
];
