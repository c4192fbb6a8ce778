import { z } from "zod";

/** What `metrics.jsonl` held, as results and checkpoints name it. */
export const metricsSealSchema = z.object({ bytes: z.int().min(0), sha256: z.string() });
