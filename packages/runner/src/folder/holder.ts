import { trialFiles } from "./files.ts";
import { lockHolder } from "./lock.ts";

/** Which process runs the trial of a folder at this moment, as a sentence; `null` if none does. Nothing is changed. */
export const trialHolder = (folder: string): string | null => lockHolder(trialFiles(folder).lock);
