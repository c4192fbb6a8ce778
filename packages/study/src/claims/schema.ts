import { z } from "zod";

/** A verdict as a test returns it and as a file stores it. */
export const verdictSchema = z.object({
  verdict: z.enum(["reproduced", "not reproduced", "undecided"]),
  because: z.string(),
  p: z.number().min(0).max(1).optional(),
});
