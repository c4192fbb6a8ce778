// A global setup of vitest, once per run.
import { count, part, seed } from "./seeds.js";

export function setup() {
  console.log(
    count === 1
      ? `Property tests draw from seed ${seed} (SLUICE_SEED).`
      : `Property tests run with ${count} seeds, beginning with ${seed} (SLUICE_SEED)${part === 1 ? "" : `, and one case in ${part} with each`}.`,
  );
}
