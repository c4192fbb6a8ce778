import { layerNorm } from "@sluice/norm";
import type { CatalogueEntry } from "../catalogue/entry.ts";
import { atr } from "./atr.ts";
import { cfn } from "./cfn.ts";
import { dsgu } from "./dsgu.ts";
import { gru } from "./gru.ts";
import { hyperLstm } from "./hyper-lstm.ts";
import { intersectionRnn } from "./intersection-rnn.ts";
import { janet } from "./janet.ts";
import { liGru } from "./li-gru.ts";
import { lightRu } from "./light-ru.ts";
import { lstm } from "./lstm.ts";
import { memoryControllerLstm } from "./memory-controller-lstm.ts";
import { mgu, type MguForm } from "./mgu.ts";
import { minimalRnn } from "./minimal-rnn.ts";
import { miru } from "./miru.ts";
import { mogrifierLstm } from "./mogrifier-lstm.ts";
import { mut } from "./mut.ts";
import { nas } from "./nas.ts";
import { ran } from "./ran.ts";
import { resLstm } from "./res-lstm.ts";
import { rnn } from "./rnn.ts";
import { scrn } from "./scrn.ts";
import { sgrn } from "./sgrn.ts";
import { sgu } from "./sgu.ts";
import { ugrnn } from "./ugrnn.ts";

const torchrecurrent = "torchrecurrent 0.2.5";
const loop = "a plain loop";

const simplifiedMgu = (form: MguForm): CatalogueEntry => ({
  name: `mgu, ${form}`,
  make: (options) => mgu({ ...options, form }),
  source: "Heck, Salem 2017, arXiv:1701.03452",
  numbers: loop,
});

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
    numbers: torchrecurrent,
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
    numbers: loop,
  },
  {
    name: "lstm, no forget gate",
    make: (options) => lstm({ ...options, forgetGate: false }),
    source: "Hochreiter, Schmidhuber 1997, doi:10.1162/neco.1997.9.8.1735",
    numbers: torchrecurrent,
    torchrecurrent: "OriginalLSTM",
  },
  {
    name: "janet",
    make: janet,
    source: "van der Westhuizen and Lasenby 2018, arXiv:1804.04849",
    numbers: torchrecurrent,
    torchrecurrent: "JANET",
  },
  {
    name: "mgu",
    make: mgu,
    source: "Zhou et al. 2016, arXiv:1603.09420",
    numbers: torchrecurrent,
    torchrecurrent: "MGU",
  },
  simplifiedMgu("MGU1"),
  simplifiedMgu("MGU2"),
  simplifiedMgu("MGU3"),
  {
    name: "liGru",
    make: liGru,
    source: "Ravanelli et al. 2018, arXiv:1803.10225",
    numbers: torchrecurrent,
    torchrecurrent: "LiGRU",
  },
  {
    name: "lightRu",
    make: lightRu,
    source: "Ye et al. 2024, doi:10.3390/electronics13163204",
    numbers: torchrecurrent,
    torchrecurrent: "LightRU",
  },
  {
    name: "ran",
    make: ran,
    source: "Lee et al. 2017, arXiv:1705.07393",
    numbers: `the authors' code, ${torchrecurrent}`,
    torchrecurrent: "RAN",
  },
  {
    name: "ran, identity",
    make: (options) => ran({ ...options, activation: "linear" }),
    source: "Lee et al. 2017, arXiv:1705.07393",
    numbers: "the authors' code, a plain loop",
  },
  {
    name: "cfn",
    make: cfn,
    source: "Laurent, von Brecht 2017, arXiv:1612.06212",
    numbers: loop,
  },
  {
    name: "atr",
    make: atr,
    source: "Zhang et al. 2018, arXiv:1810.12546",
    numbers: torchrecurrent,
    torchrecurrent: "ATR",
  },
  {
    name: "ugrnn",
    make: ugrnn,
    source: "Collins et al. 2016, arXiv:1611.09913",
    numbers: torchrecurrent,
    torchrecurrent: "UGRNN",
  },
  {
    name: "intersectionRnn",
    make: intersectionRnn,
    source: "Collins et al. 2016, arXiv:1611.09913",
    numbers: torchrecurrent,
    torchrecurrent: "IntersectionRNN",
  },
  {
    name: "minimalRnn",
    make: minimalRnn,
    source: "Chen 2017, arXiv:1711.06788",
    numbers: torchrecurrent,
    torchrecurrent: "MinimalRNN",
  },
  {
    name: "scrn",
    make: scrn,
    source: "Mikolov et al. 2014, arXiv:1412.7753",
    numbers: loop,
  },
  {
    name: "resLstm",
    make: resLstm,
    source: "Kim et al. 2017, arXiv:1701.03360",
    numbers: torchrecurrent,
    torchrecurrent: "ResLSTM",
  },
  {
    name: "mogrifierLstm",
    make: mogrifierLstm,
    source: "Melis et al. 2019, arXiv:1909.01792",
    numbers: "the authors' code, a plain loop",
  },
  {
    name: "mogrifierLstm, low rank",
    make: (options) => mogrifierLstm({ ...options, rank: 1 }),
    source: "Melis et al. 2019, arXiv:1909.01792",
    numbers: "the authors' code, a plain loop",
  },
  {
    name: "hyperLstm",
    make: hyperLstm,
    source: "Ha et al. 2016, arXiv:1609.09106",
    numbers: "the authors' code, a plain loop",
  },
  {
    name: "hyperLstm, layer norm",
    make: (options) => hyperLstm({ norm: layerNorm({ placement: "gates" }), ...options }),
    source: "Ha et al. 2016, arXiv:1609.09106",
    numbers: "the authors' code, a plain loop",
  },
  {
    name: "mut, MUT1",
    make: (options) => mut({ ...options, form: "MUT1" }),
    source: "Jozefowicz et al. 2015, PMLR 37",
    numbers: loop,
  },
  {
    name: "mut, MUT2",
    make: (options) => mut({ ...options, form: "MUT2" }),
    source: "Jozefowicz et al. 2015, PMLR 37",
    numbers: torchrecurrent,
    torchrecurrent: "MUT2",
  },
  {
    name: "mut, MUT3",
    make: (options) => mut({ ...options, form: "MUT3" }),
    source: "Jozefowicz et al. 2015, PMLR 37",
    numbers: torchrecurrent,
    torchrecurrent: "MUT3",
  },
  {
    name: "nas",
    make: nas,
    source: "Zoph, Le 2017, arXiv:1611.01578",
    numbers: "tensorflow/addons, a plain loop",
  },
  {
    name: "miru, MiRU1",
    make: miru,
    source: "doi:10.1016/j.neucom.2026.132847",
    numbers: torchrecurrent,
    torchrecurrent: "MiRU1",
  },
  {
    name: "miru, MiRU2",
    make: (options) => miru({ ...options, form: "MiRU2" }),
    source: "doi:10.1016/j.neucom.2026.132847",
    numbers: torchrecurrent,
    torchrecurrent: "MiRU2",
  },
  {
    name: "sgrn",
    make: sgrn,
    source: "doi:10.1049/gtd2.12056",
    numbers: torchrecurrent,
    torchrecurrent: "SGRN",
  },
  {
    name: "sgu",
    make: sgu,
    source: "Gao, Glowacka 2016, arXiv:1604.02910",
    numbers: torchrecurrent,
    torchrecurrent: "SGU",
  },
  {
    name: "dsgu",
    make: dsgu,
    source: "Gao, Glowacka 2016, PMLR 63",
    numbers: torchrecurrent,
    torchrecurrent: "DSGU",
  },
  {
    name: "memoryControllerLstm",
    make: memoryControllerLstm,
    source: "Sequence modeling, NIPS 2017 workshop, Intel",
    numbers: torchrecurrent,
    torchrecurrent: "MCLSTM",
  },
];
