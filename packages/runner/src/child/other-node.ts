import { spawnSync } from "node:child_process";
import { studyError, type Environment } from "@sluice/study";

/** A Node that is not the one of this process, to run trials in. */
export interface OtherNode {
  /** Path of its executable. */
  readonly path: string;
  /** Such as "Node 22.12.0". */
  readonly runtime: string;
  /** Such as "V8 12.4.254.21-node.21". */
  readonly engine: string;
  /** What it has to be told to read TypeScript; nothing since Node 22.18. */
  readonly readsTypes: readonly string[];
}

/** The oldest Node that the packages run in. */
const OLDEST = [22, 12] as const;

/**
 * The Node at a path, for `childProcesses`.
 *
 * @throws an error if there is none, or if it is too old for the packages.
 */
export function nodeAtPath(path: string): OtherNode {
  const { stdout, error } = spawnSync(path, ["--print", "JSON.stringify(process.versions)"], { encoding: "utf8" });
  const { node, v8 } = versionsIn(stdout ?? "");
  if (node === undefined)
    throw studyError(`${path} is not a Node${error === undefined ? "" : ` (${error.message})`}. Give the path of one`);
  const [major = 0, minor = 0] = node.split(".").map(Number);
  const isOlder = (than: readonly [number, number]): boolean =>
    major < than[0] || (major === than[0] && minor < than[1]);
  if (isOlder(OLDEST))
    throw studyError(`${path} is Node ${node}, and the packages need Node ${OLDEST.join(".")} or newer. Give another`);
  return {
    path,
    runtime: `Node ${node}`,
    engine: `V8 ${v8 ?? "unknown"}`,
    readsTypes: isOlder([22, 18]) ? ["--experimental-strip-types", "--disable-warning=ExperimentalWarning"] : [],
  };
}

function versionsIn(text: string): { readonly node?: string; readonly v8?: string } {
  try {
    const versions: { readonly node?: string; readonly v8?: string } = JSON.parse(text);
    return versions;
  } catch {
    return {};
  }
}

/** The environment of a trial that runs in another Node. */
export const ranIn = ({ runtime, engine }: OtherNode, environment: Environment): Environment => ({
  ...environment,
  runtime,
  engine,
});
