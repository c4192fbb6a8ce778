import type { CatalogueEntry } from "../catalogue/entry.ts";
import { antisymmetricRnn } from "./antisymmetric-rnn.ts";
import { coRnn } from "./co-rnn.ts";
import { echoState } from "./echo-state.ts";
import { expRnn } from "./exp-rnn.ts";
import { gatedAntisymmetricRnn } from "./gated-antisymmetric-rnn.ts";
import { indRnn } from "./ind-rnn.ts";
import { lem } from "./lem.ts";
import { lipschitzRnn } from "./lipschitz-rnn.ts";
import { scoRnn } from "./sco-rnn.ts";
import { shufflingRnn } from "./shuffling-rnn.ts";
import { unicornn } from "./unicornn.ts";

export const orthogonalCells: readonly CatalogueEntry[] = [
  {
    name: "indRnn",
    make: indRnn,
    source: "Li et al. 2018, arXiv:1803.04831",
    numbers: "torchrecurrent",
    torchrecurrent: "IndRNN",
  },
  {
    name: "antisymmetricRnn",
    make: antisymmetricRnn,
    source: "Chang et al. 2019, arXiv:1902.09689",
    numbers: "torchrecurrent",
    torchrecurrent: "AntisymmetricRNN",
  },
  {
    name: "gatedAntisymmetricRnn",
    make: gatedAntisymmetricRnn,
    source: "Chang et al. 2019, arXiv:1902.09689",
    numbers: "torchrecurrent",
    torchrecurrent: "GatedAntisymmetricRNN",
  },
  {
    name: "coRnn",
    make: coRnn,
    source: "Rusch and Mishra 2021, arXiv:2010.00951",
    numbers: "the authors' code, torchrecurrent, a plain loop",
    torchrecurrent: "coRNN",
  },
  {
    name: "coRnn, implicit damping",
    make: (options) => coRnn({ ...options, damping: "implicit" }),
    source: "Rusch and Mishra 2021, arXiv:2010.00951",
    numbers: "a plain loop",
  },
  {
    name: "lem",
    make: lem,
    source: "Rusch et al. 2022, arXiv:2110.04744",
    numbers: "the authors' code, a plain loop",
  },
  {
    name: "unicornn",
    make: unicornn,
    source: "Rusch and Mishra 2021, arXiv:2103.05487",
    numbers: "torchrecurrent",
    torchrecurrent: "UnICORNN",
  },
  {
    name: "lipschitzRnn",
    make: lipschitzRnn,
    source: "Erichson et al. 2021, arXiv:2006.12070",
    numbers: "the authors' code, a plain loop",
  },
  {
    name: "scoRnn",
    make: scoRnn,
    source: "Helfrich et al. 2018, arXiv:1707.09520",
    numbers: "PyTorch (the Cayley transform), a plain loop",
  },
  {
    name: "expRnn",
    make: expRnn,
    source: "Lezcano-Casado and Martinez-Rubio 2019, arXiv:1901.08428",
    numbers: "PyTorch (the matrix exponential), a plain loop",
  },
  {
    name: "shufflingRnn",
    make: shufflingRnn,
    source: "Rotman and Wolf 2021, arXiv:2007.07324",
    numbers: "the authors' code, a plain loop",
  },
  {
    name: "echoState",
    make: (options) => echoState({ ...options, sparsity: 0 }),
    source: "Jaeger 2001, GMD report 148",
    numbers: "a plain loop",
  },
];
