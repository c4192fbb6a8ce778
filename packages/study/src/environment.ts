/** Where a trial ran. This is not part of its identity. `null` means that the platform does not tell. */
export interface Environment {
  /** The JavaScript runtime, such as "Node 24.21.0" or "Chromium 140". */
  readonly runtime: string;
  /** Such as "V8 13.6.233". */
  readonly engine: string | null;
  readonly os: string | null;
  readonly cpu: string | null;
  readonly cores: number | null;
  readonly memoryGiB: number | null;
  readonly threads: number | null;
  /** `null` outside a repository. */
  readonly git: GitState | null;
  readonly command: string;
}

/** The state of the git repository around a study. */
export interface GitState {
  /** `null` in a repository without commits, or if git failed. */
  readonly commit: string | null;
  readonly branch: string | null;
  /** SHA-256 of the uncommitted changes, which the store keeps with the trial; `null` if there are none. */
  readonly uncommitted: string | null;
  /** What could not be found out, and why. If absent, this is complete. */
  readonly lost?: string;
}

/** An environment about which only the number of threads is known. */
export function unknownEnvironment({ threads, command }: Pick<Environment, "threads" | "command">): Environment {
  return {
    runtime: "an unnamed JavaScript engine",
    engine: null,
    os: null,
    cpu: null,
    cores: null,
    memoryGiB: null,
    threads,
    git: null,
    command,
  };
}
