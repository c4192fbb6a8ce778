import type { CatalogueEntry } from "../catalogue/entry.ts";
import type { CellOptions } from "../definition/cell-options.ts";
import { cfc } from "./cfc.ts";
import { ltc } from "./ltc.ts";
import { phasedLstm } from "./phased-lstm.ts";
import { timeAwareLstm } from "./time-aware-lstm.ts";
import { timeLstm, type TimeLstmForm } from "./time-lstm.ts";
import { ctGru } from "./ct-gru.ts";
import { odeRnn } from "./hidden-ode.ts";
import { odeLstm } from "./ode-lstm.ts";
import { neuralCde } from "./neural-cde.ts";
import { gruFlow } from "./gru-flow.ts";
import { gruOdeBayes } from "./gru-ode-bayes.ts";
import { rits } from "./rits.ts";
import { gruD } from "./gru-d.ts";
import { rnnDecay } from "./hidden-decay.ts";

export const timeCells: readonly CatalogueEntry[] = [
  { name: "gruD", make: gruD, source: "Che et al. 2016, arXiv:1606.01865", numbers: "a plain loop" },
  { name: "rnnDecay", make: rnnDecay, source: "Rubanova et al. 2019, arXiv:1907.03907", numbers: "a plain loop" },
  {
    name: "cfc",
    make: (options) => cfc({ ...options, backboneUnits: 4 }),
    source: "Hasani et al. 2022, arXiv:2106.13898",
    numbers: "ncps 1.0.1",
  },
  {
    name: "cfc, no gate",
    make: (options) => cfc({ ...options, backboneUnits: 4, mode: "noGate" }),
    source: "Hasani et al. 2022, arXiv:2106.13898",
    numbers: "ncps 1.0.1",
  },
  {
    name: "cfc, pure",
    make: (options) => cfc({ ...options, backboneUnits: 4, mode: "pure" }),
    source: "Hasani et al. 2022, arXiv:2106.13898",
    numbers: "ncps 1.0.1",
  },
  { name: "ltc", make: ltc, source: "Hasani et al. 2021, arXiv:2006.04439", numbers: "ncps 1.0.1" },
  {
    name: "timeAwareLstm",
    make: timeAwareLstm,
    source: "Baytas et al. 2017, doi:10.1145/3097983.3097997",
    numbers: "the authors' code, a plain loop",
  },
  ...([1, 2, 3] satisfies TimeLstmForm[]).map((form) => ({
    name: `timeLstm, form ${form}`,
    make: (options: CellOptions) => timeLstm({ ...options, form }),
    source: "Zhu et al. 2017, doi:10.24963/ijcai.2017/504",
    numbers: "the authors' code, a plain loop",
  })),
  {
    name: "phasedLstm",
    make: (options) => phasedLstm({ ...options, openRatio: 0.5 }),
    source: "Neil et al. 2016, arXiv:1610.09513",
    numbers: "the authors' code, a plain loop",
  },
  {
    name: "phasedLstm, peepholes",
    make: (options) => phasedLstm({ ...options, openRatio: 0.5, peepholes: true }),
    source: "Neil et al. 2016, arXiv:1610.09513",
    numbers: "the authors' code, a plain loop",
  },
  {
    name: "ctGru",
    make: (options) => ctGru({ ...options, timeScales: [0.5, 1, 4] }),
    source: "Mozer et al. 2017, arXiv:1710.04110",
    numbers: "a plain loop",
  },
  { name: "odeRnn", make: odeRnn, source: "Rubanova et al. 2019, arXiv:1907.03907", numbers: "a plain loop" },
  {
    name: "odeLstm",
    make: odeLstm,
    source: "Lechner and Hasani 2020, arXiv:2006.04418",
    numbers: "the authors' code, a plain loop",
  },
  {
    name: "gruOdeBayes",
    make: (options) => gruOdeBayes({ ...options, steps: 2, predictionUnits: 3, preparedUnits: 2 }),
    source: "De Brouwer et al. 2019, arXiv:1905.12374",
    numbers: "the authors' code, a plain loop",
  },
  {
    name: "gruFlow",
    make: gruFlow,
    source: "Bilos et al. 2021, arXiv:2110.13040",
    numbers: "the authors' code, a plain loop",
  },
  {
    name: "neuralCde",
    make: neuralCde,
    source: "Kidger et al. 2020, arXiv:2005.08926",
    numbers: "torchcde 0.2.5, a plain loop",
  },
  { name: "rits", make: rits, source: "Cao et al. 2018, arXiv:1805.10572", numbers: "a plain loop" },
  {
    name: "rits, as its authors' code",
    make: (options) => rits({ ...options, decayedHistory: true, combination: "linear" }),
    source: "Cao et al. 2018, arXiv:1805.10572, the authors' code",
    numbers: "the authors' code, a plain loop",
  },
];
