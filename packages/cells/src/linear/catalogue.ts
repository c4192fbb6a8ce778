import type { CatalogueEntry } from "../catalogue/entry.ts";
import type { CellOptions } from "../definition/cell-options.ts";
import { gla } from "./gla.ts";
import { lmu } from "./lmu.ts";
import { lru } from "./lru.ts";
import { minGru } from "./min-gru.ts";
import { minLstm } from "./min-lstm.ts";
import { qrnn, windowedQrnn } from "./qrnn.ts";
import { rgLru } from "./rg-lru.ts";
import { s4d } from "./s4d.ts";
import { s5 } from "./s5.ts";
import { selectiveStateSpace } from "./selective-state-space.ts";
import { sru } from "./sru.ts";

const feng = "Feng et al. 2024, arXiv:2410.01201";
const lei = "Lei et al. 2018, arXiv:1709.02755";
const bradbury = "Bradbury et al. 2017, arXiv:1611.01576";
const gu = "Gu et al. 2022, arXiv:2206.11893";
const smith = "Smith et al. 2023, arXiv:2208.04933";

/** For cells that read one input for each unit. */
const sameWidth = (options: CellOptions): CellOptions => ({ ...options, input: options.hidden });

/** For cells whose states come in pairs, or that have two heads. */
const evenWidth = (options: CellOptions): CellOptions => ({ ...options, hidden: 2 * Math.ceil(options.hidden / 2) });

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
    numbers: "the authors' code, a plain loop",
  },
  { name: "qrnn", make: qrnn, source: bradbury, numbers: "the authors' code, a plain loop" },
  {
    name: "qrnn, pooling ifo",
    make: (options) => qrnn({ ...options, pooling: "ifo" }),
    source: bradbury,
    numbers: "a plain loop",
  },
  { name: "windowedQrnn", make: windowedQrnn, source: bradbury, numbers: "the authors' code, a plain loop" },
  { name: "lru", make: lru, source: "Orvieto et al. 2023, arXiv:2303.06349", numbers: "lru-pytorch 0.1.3" },
  {
    name: "rgLru",
    make: (options) => rgLru(sameWidth(options)),
    source: "De et al. 2024, arXiv:2402.19427",
    numbers: "the authors' code, a plain loop",
  },
  {
    name: "gla",
    make: (options) => gla({ ...evenWidth(options), heads: 2 }),
    source: "Yang et al. 2024, arXiv:2312.06635",
    numbers: "fla-core 0.6.0",
  },
  {
    name: "s4d",
    make: (options) => s4d({ ...sameWidth(options), order: 4 }),
    source: gu,
    numbers: "the authors' code, a plain loop",
  },
  {
    name: "s4d, inverse frequencies, bilinear",
    make: (options) => s4d({ ...sameWidth(options), order: 4, initialization: "inv", discretization: "bilinear" }),
    source: gu,
    numbers: "the authors' code, a plain loop",
  },
  { name: "s5", make: (options) => s5(evenWidth(options)), source: smith, numbers: "the authors' code, a plain loop" },
  {
    name: "s5, bilinear",
    make: (options) => s5({ ...evenWidth(options), discretization: "bilinear" }),
    source: smith,
    numbers: "the authors' code, a plain loop",
  },
  {
    name: "selectiveStateSpace",
    make: (options) => selectiveStateSpace({ ...sameWidth(options), order: 4 }),
    source: "Gu and Dao 2023, arXiv:2312.00752",
    numbers: "the authors' code, a plain loop",
  },
  {
    name: "lmu",
    make: (options) => lmu({ ...options, order: 3, theta: 4, memories: 2 }),
    source: "Voelker et al. 2019, NeurIPS",
    numbers: "keras-lmu 0.9.0",
  },
];
