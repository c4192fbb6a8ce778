/** The code of a run, as a bundle has it. */
export interface BundledCode {
  /** The folder in which packages are installed and commands run, relative to the bundle. */
  readonly project: string;
  /** The study's module, relative to the bundle. */
  readonly module: string;
  /** The lines of `verify.sh` that install the packages, in the folder of the project. */
  readonly install: readonly string[];
  /** How `verify.sh` calls the command `sluice`, in the folder of the project. */
  readonly command: string;
  /** The oldest Node that it runs in. */
  readonly node: readonly [number, number];
  /** Whether the code is that of the run, as far as its identity tells, in words. */
  readonly identity: string;
  readonly lock: string | null;
  /** The installed packages that the study uses, with their versions; empty for a checkout, whose lock file has them. */
  readonly packages: readonly string[];
  /** What is not there, with the reason. */
  readonly missing: readonly string[];
}

/** Marks the root of copied code, so that paths in its identity are those of the run. */
export const ROOT_MARK = "sluice-bundle.json";
