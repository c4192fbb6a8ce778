import type { CatalogueEntry } from "../catalogue/entry.ts";
import { minGru } from "./min-gru.ts";
import { minLstm } from "./min-lstm.ts";
import { qrnn, windowedQrnn } from "./qrnn.ts";
import { sru } from "./sru.ts";

const feng = "Feng et al. 2024, arXiv:2410.01201";
const lei = "Lei et al. 2018, arXiv:1709.02755";
const bradbury = "Bradbury et al. 2017, arXiv:1611.01576";

export const linearCells: readonly CatalogueEntry[] = [
  { name: "minGru", make: minGru, source: feng, numbers: "minGRU-pytorch 0.2.1" },
  { name: "minLstm", make: minLstm, source: feng, numbers: "minGRU-pytorch 0.2.1" },
  { name: "sru", make: sru, source: lei, numbers: "sru 2.6.0" },
  {
    name: "sru, first version",
    make: (options) => sru({ ...options, peepholes: false, activation: "tanh", rescale: false }),
    source: "Lei et al. 2017, arXiv:1709.02755v1",
    numbers: "sru 2.6.0",
  },
  {
    name: "qrnn, pooling f",
    make: (options) => qrnn({ ...options, pooling: "f" }),
    source: bradbury,
    numbers: "a plain loop",
  },
  { name: "qrnn", make: qrnn, source: bradbury, numbers: "a plain loop" },
  {
    name: "qrnn, pooling ifo",
    make: (options) => qrnn({ ...options, pooling: "ifo" }),
    source: bradbury,
    numbers: "a plain loop",
  },
  { name: "windowedQrnn", make: windowedQrnn, source: bradbury, numbers: "a plain loop" },
];
