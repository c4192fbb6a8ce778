// Running a study from a module
export { prepareRun, prepareSweep, type PreparedRun, type PreparedSweep, type RunOptions } from "./prepare.ts";
export { loadStudy } from "./load.ts";
export { probeTrials, type FailedProbe, type ProbeOptions } from "./probe.ts";

// Where it runs, and where it stores its trials
export { childProcesses, runInChild, type ChildProcessesOptions, type ChildTask } from "./child/child-processes.ts";
export { suspendWithTrials } from "./child/suspend.ts";
export { slurmJobs, type SlurmJobsOptions } from "./slurm/slurm-jobs.ts";
export { trialsOnSlurm, type TrialOnSlurm } from "./slurm/standing.ts";
export { slurmOptionsOf, type SlurmOptions } from "./slurm/options.ts";
export { type Pace } from "./slurm/follow.ts";
export { nodeAtPath, type OtherNode } from "./child/other-node.ts";
export { browserPages, type BrowserPagesOptions } from "./browser/browser-pages.ts";
export { folderStore, type FolderStore } from "./folder/folder-store.ts";
export { annotate, readAnnotations } from "./folder/annotations.ts";
export { archiveRun, type ArchivedRun, type ArchiveOptions } from "./archive/archive-run.ts";
export { readMetrics } from "./folder/metrics.ts";

// Reading a finished trial
export { loadTrial, type LoadedTrial, type LoadTrialOptions, type TensorsByPath } from "./load-trial.ts";

// Trials on other machines
export {
  checkpointStep,
  lastCheckpoint,
  packTrial,
  unpackTrial,
  type PackOptions,
  type Parcel,
  type ParcelFile,
} from "./folder/parcel.ts";
export { clearArrivals, takeIn, type Arrival } from "./folder/arrive.ts";
export { identifyStudy, trialCode, type IdentifyOptions, type StudyIdentity } from "./child/identify.ts";
export { projectRoot } from "./code/root.ts";

// Code and environment of a run
export { codeIdentity, unchanged, type CodeIdentity, type CodeIdentityOptions } from "./code/identity.ts";
export { captureEnvironment } from "./environment.ts";
