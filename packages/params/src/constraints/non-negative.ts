import { less, select } from "@sluice/tensor";
import type { Constraint } from "./constraint.ts";

/** `w <- max(w, 0)`: the nearest weights that are not negative. Keras's `NonNeg`. */
export const nonNegative = (): Constraint => (w) => select(less(w, 0), 0, w);
