import { add, div, min, mul, scalar, square, sub, type Tensor } from "@sluice/tensor";
import { checkOptions } from "@sluice/tensor/internal";
import type { RampOptions } from "./linear.ts";
import { checkPositive } from "../checks.ts";
import type { Schedule } from "./schedule.ts";

/**
 * `end + (start - end) (1 + cos(pi t / steps)) / 2`, then `end` (Loshchilov and Hutter 2017, arXiv 1608.03983, without
 * restarts). Because `(1 + cos(pi u)) / 2 = sin(pi (1 - u) / 2)^2`, it needs only a sine on the first quarter turn.
 */
export function cosine(options: RampOptions): Schedule {
  checkOptions("cosine", options, ["start", "end", "steps"], { T_max: "steps", eta_min: "end" });
  const { start, end = 0, steps } = options;
  checkPositive("cosine", "steps", steps);
  return (t) => halfCosine(start, end, min(div(t, steps), 1));
}

/** `end + (start - end) (1 + cos(pi u)) / 2` for 0 <= u <= 1. */
export function halfCosine(start: number, end: number, u: Tensor): Tensor {
  return add(mul(square(quarterSine(sub(1, u))), start - end), end);
}

/** sin(pi v / 2) for 0 <= v <= 1 by its Taylor series up to v^21; the rest is below 1e-17. */
function quarterSine(v: Tensor): Tensor {
  const v2 = square(v);
  return mul(
    v,
    coefficients.reduceRight<Tensor>((sum, c) => add(mul(sum, v2), c), scalar(0, v.dtype)),
  );
}

/** (-1)^k (pi/2)^(2k+1) / (2k+1)! */
const coefficients = taylor();

function taylor(): number[] {
  const x = Math.PI / 2;
  const terms = [x];
  for (let k = 1; k <= 10; k++) terms.push((-terms[k - 1]! * x * x) / (2 * k * (2 * k + 1)));
  return terms;
}
