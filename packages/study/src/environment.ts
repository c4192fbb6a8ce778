/** Where a trial ran. None of it takes part in its identity. `null` stands for what the platform does not tell. */
export interface Environment {
  /** What runs JavaScript, such as "Node 24.21.0" or "Chromium 140". */
  readonly runtime: string;
  /** Such as "V8 13.6.233". */
  readonly engine: string | null;
  readonly os: string | null;
  readonly cpu: string | null;
  readonly cores: number | null;
  readonly memoryGiB: number | null;
  readonly threads: number;
  /** `null` outside a repository. */
  readonly git: GitState | null;
  readonly command: string;
}

export interface GitState {
  /** `null` in a repository without a commit, or where git did not tell. */
  readonly commit: string | null;
  readonly branch: string | null;
  /** SHA-256 of the uncommitted changes, which the store keeps with the trial; `null` when there are none. */
  readonly uncommitted: string | null;
  /** What could not be found out, and why. Without it the rest is all there is. */
  readonly lost?: string;
}

/** An environment of which nothing but the number of threads is known. */
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
