import type { CatalogueEntry } from "../catalogue/entry.ts";
import { brc } from "./brc.ts";
import { fastGrnn } from "./fast-grnn.ts";
import { fastRnn } from "./fast-rnn.ts";
import { nBrc } from "./n-brc.ts";
import { star } from "./star.ts";

const torchrecurrent = "torchrecurrent 0.2.5";

/** Gated cells from fewer matrices than a GRU's to deep transitions. */
export const furtherGatedCells: readonly CatalogueEntry[] = [
  {
    name: "fastRnn",
    make: fastRnn,
    source: "Kusupati et al. 2018, arXiv:1901.02358",
    numbers: torchrecurrent,
    torchrecurrent: "FastRNN",
  },
  {
    name: "fastRnn, low rank",
    make: (options) => fastRnn({ ...options, inputRank: 1, recurrentRank: 2 }),
    source: "Kusupati et al. 2018, arXiv:1901.02358",
    numbers: "fastRnn with the product of the factors",
  },
  {
    name: "fastGrnn",
    make: fastGrnn,
    source: "Kusupati et al. 2018, arXiv:1901.02358",
    numbers: torchrecurrent,
    torchrecurrent: "FastGRNN",
  },
  {
    name: "fastGrnn, low rank",
    make: (options) => fastGrnn({ ...options, inputRank: 1, recurrentRank: 2 }),
    source: "Kusupati et al. 2018, arXiv:1901.02358",
    numbers: "fastGrnn with the product of the factors",
  },
  {
    name: "brc",
    make: brc,
    source: "Vecoven et al. 2021, doi:10.1371/journal.pone.0252676",
    numbers: torchrecurrent,
    torchrecurrent: "BR",
  },
  {
    name: "nBrc",
    make: nBrc,
    source: "Vecoven et al. 2021, doi:10.1371/journal.pone.0252676",
    numbers: torchrecurrent,
    torchrecurrent: "NBR",
  },
  {
    name: "star",
    make: star,
    source: "Turkoglu et al. 2019, arXiv:1911.11033",
    numbers: torchrecurrent,
    torchrecurrent: "STAR",
  },
];
