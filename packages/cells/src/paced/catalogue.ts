import type { CatalogueEntry } from "../catalogue/entry.ts";
import { gru } from "../gated/gru.ts";
import { lstm } from "../gated/lstm.ts";
import { clockwork } from "./clockwork.ts";
import { skipRnn } from "./skip-rnn.ts";

const straight = "the decision to skip is a step function, whose gradient is that of the identity (straight through)";
const except = {
  "the gradient equals finite differences": straight,
  "the second derivative equals finite differences": straight,
};

export const pacedCells: readonly CatalogueEntry[] = [
  {
    name: "clockwork",
    make: (options) => clockwork({ ...options, periods: options.hidden % 4 === 0 ? [1, 2, 4, 8] : [1, 2, 3] }),
    source: "Koutnik et al. 2014, arXiv:1402.3511",
    numbers: "a plain loop",
  },
  {
    name: "skipRnn of gru",
    make: (options) => skipRnn(gru(options)),
    source: "Campos et al. 2017, arXiv:1708.06834",
    numbers: "a plain loop",
    except,
  },
  {
    name: "skipRnn of lstm",
    make: (options) => skipRnn(lstm(options), { reads: "c" }),
    source: "Campos et al. 2017, arXiv:1708.06834",
    numbers: "a plain loop",
    except,
  },
];
