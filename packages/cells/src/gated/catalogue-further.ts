import type { CatalogueEntry } from "../catalogue/entry.ts";
import { brc } from "./brc.ts";
import { fastGrnn } from "./fast-grnn.ts";
import { fastRnn } from "./fast-rnn.ts";
import { lstm1997 } from "./lstm-1997.ts";
import { massConservingLstm } from "./mass-conserving-lstm.ts";
import { multiplicativeLstm } from "./multiplicative-lstm.ts";
import { multiplicativeRnn } from "./multiplicative-rnn.ts";
import { nBrc } from "./n-brc.ts";
import { onLstm } from "./on-lstm.ts";
import { rhn } from "./rhn.ts";
import { star } from "./star.ts";
import { stronglyTypedGru } from "./strongly-typed-gru.ts";
import { stronglyTypedLstm } from "./strongly-typed-lstm.ts";
import { stronglyTypedRnn } from "./strongly-typed-rnn.ts";
import { tauGru } from "./tau-gru.ts";

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
  {
    name: "stronglyTypedRnn",
    make: stronglyTypedRnn,
    source: "Balduzzi and Ghifary 2016, arXiv:1602.02218",
    numbers: torchrecurrent,
    torchrecurrent: "TRNN",
  },
  {
    name: "stronglyTypedGru",
    make: stronglyTypedGru,
    source: "Balduzzi and Ghifary 2016, arXiv:1602.02218",
    numbers: torchrecurrent,
    torchrecurrent: "TGRU",
  },
  {
    name: "stronglyTypedLstm",
    make: stronglyTypedLstm,
    source: "Balduzzi and Ghifary 2016, arXiv:1602.02218",
    numbers: torchrecurrent,
    torchrecurrent: "TLSTM",
  },
  {
    name: "multiplicativeLstm",
    make: multiplicativeLstm,
    source: "Krause et al. 2016, arXiv:1609.07959",
    numbers: torchrecurrent,
  },
  {
    name: "multiplicativeLstm, factor biases",
    make: (options) => multiplicativeLstm({ ...options, factorBiases: true }),
    source: "Krause et al. 2016, arXiv:1609.07959",
    numbers: torchrecurrent,
    torchrecurrent: "MultiplicativeLSTM",
  },
  {
    name: "multiplicativeRnn",
    make: multiplicativeRnn,
    source: "Sutskever et al. 2011, ICML, Generating Text with Recurrent Neural Networks",
    numbers: "a plain loop",
  },
  {
    name: "lstm1997",
    make: lstm1997,
    source: "Hochreiter and Schmidhuber 1997, doi:10.1162/neco.1997.9.8.1735",
    numbers: "a plain loop",
  },
  {
    name: "lstm1997, tanh",
    make: (options) => lstm1997({ ...options, activation: "tanh", outputActivation: "tanh" }),
    source: "Hochreiter and Schmidhuber 1997, doi:10.1162/neco.1997.9.8.1735",
    numbers: torchrecurrent,
    torchrecurrent: "OriginalLSTM",
  },
  {
    name: "tauGru",
    make: tauGru,
    source: "Erichson et al. 2022, arXiv:2212.00228",
    numbers: torchrecurrent,
    torchrecurrent: "tauGRU",
  },
  {
    name: "tauGru, delay 2",
    make: (options) => tauGru({ ...options, delay: 2 }),
    source: "Erichson et al. 2022, arXiv:2212.00228",
    numbers: torchrecurrent,
  },
  {
    name: "massConservingLstm",
    make: massConservingLstm,
    source: "Hoedt et al. 2021, arXiv:2101.05186",
    numbers: "the authors' code, a plain loop",
  },
  {
    name: "onLstm",
    make: onLstm,
    source: "Shen et al. 2018, arXiv:1810.09536",
    numbers: "the authors' code, a plain loop",
  },
  { name: "rhn", make: rhn, source: "Zilly et al. 2016, arXiv:1607.03474", numbers: "the authors' code, a plain loop" },
  {
    name: "rhn, not coupled",
    make: (options) => rhn({ ...options, depth: 2, coupled: false }),
    source: "Zilly et al. 2016, arXiv:1607.03474",
    numbers: "a plain loop",
  },
];
