import { z } from "zod";

/** What `metrics.jsonl` contained, as results and checkpoints record it. */
export const metricsSealSchema = z.object({ bytes: z.int().min(0), sha256: z.string() });
