import { messageOf } from "@sluice/study";
import { codeIdentity } from "../code/identity.ts";
import { loadStudy } from "../load.ts";
import type { Identified } from "./identify.ts";

// The process that identifies the code and data of a study. What the study prints must not look like the answer, so the
// answer is a message.

const [module = "", dataFolder] = process.argv.slice(2);

async function identify(): Promise<Identified> {
  try {
    const code = codeIdentity(module);
    const study = await loadStudy(module);
    const data = (await study.data?.({ dataFolder: dataFolder ?? null })) ?? {};
    return { kind: "identified", code, data };
  } catch (error) {
    return { kind: "failed", reason: messageOf(error) };
  }
}

process.send?.(await identify(), undefined, undefined, () => process.exit(0));
