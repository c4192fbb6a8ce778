// Runs in folders, for programs that only read them: nothing that starts a trial is loaded
export { folderStore, type FolderStore } from "./folder-store.ts";
export { trialHolder } from "./holder.ts";
export { annotate, readAnnotations } from "./annotations.ts";
export { readMetrics } from "./metrics.ts";
