import { existsSync, readdirSync, statSync } from "node:fs";

/** Whether a folder can be filled without writing over anything: it does not exist, or it is empty. */
export const isFree = (folder: string): boolean =>
  !existsSync(folder) || (statSync(folder).isDirectory() && readdirSync(folder).length === 0);
