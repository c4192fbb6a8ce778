/** Whether a worker may run a trial: its code and data must be those of the trial. */
import { existsSync } from "node:fs";
import { hostname } from "node:os";
import { isAbsolute, join, relative } from "node:path";
import { identified, messageOf } from "@sluice/study";
import { identifyStudy, unchanged, type StudyIdentity } from "@sluice/runner";
import type { Job } from "../messages.ts";

/** What a worker knows about the study of a job. */
export interface Checked {
  /** Path of the module on this machine. */
  readonly module: string;
  /** Why it does not run the trial; `null` if it does. */
  readonly why: string | null;
}

/** Options of {@link checkerOf}. */
export interface CheckerOptions {
  /** The root of this machine's checkout. */
  readonly root: string;
  readonly dataFolder: string | null;
  /** Files and packages of a code with this hash, if the runner has left them. */
  partsOf(hash: string): Promise<Readonly<Record<string, string>> | null>;
}

/** After a refusal the study is looked at again no sooner than this. Somebody may be updating the checkout. */
const AGAIN_MS = 10_000;

type Known = { readonly at: number } & (
  { readonly identity: StudyIdentity; readonly failed: null } | { readonly identity: null; readonly failed: string }
);

/** Checks jobs. The code of a study is read again for each; its module is loaded again only if that has changed. */
export function checkerOf({ root, dataFolder, partsOf }: CheckerOptions): (job: Job) => Promise<Checked> {
  const known = new Map<string, Promise<Known>>();
  const identify = async (module: string): Promise<Known> => {
    try {
      const identity = await identifyStudy(module, { dataFolder });
      return { at: performance.now(), identity, failed: null };
    } catch (error) {
      return { at: performance.now(), identity: null, failed: messageOf(error) };
    }
  };
  const look = async (module: string, { code, data }: Job["trial"]): Promise<Known> => {
    const before = await known.get(module);
    const isFresh = before !== undefined && performance.now() - before.at < AGAIN_MS;
    const { identity = null } = before ?? {};
    const agrees = identity !== null && unchanged(identity.code) && differs(identity, { code, data }) === "nothing";
    if (before !== undefined && (agrees || (isFresh && (identity === null || unchanged(identity.code))))) return before;
    const next = identify(module);
    known.set(module, next);
    return next;
  };
  return async (job) => {
    const { trial } = job;
    const module = join(root, ...job.module.split("/"));
    const answer = (why: string | null): Checked => ({ module, why });
    if (!isItself(trial)) return answer("the job is not what its name says");
    const inside = relative(root, module);
    if (inside.startsWith("..") || isAbsolute(inside)) return answer(`${job.module} is outside ${root}`);
    if (!existsSync(module)) return answer(`${root} has no ${job.module}`);
    const { identity, failed } = await look(module, trial);
    if (identity === null) return answer(failed);
    const what = differs(identity, trial);
    if (what === "code") return answer(codeText(identity, await partsOf(trial.code)));
    return answer(what === "data" ? dataText(identity.data, trial.data) : null);
  };
}

/** Whether id and folder are those of the identity: they become names of files. */
function isItself(trial: Job["trial"]): boolean {
  const { id, folder, ...identity } = trial;
  const own = identified(identity);
  return own.id === id && own.folder === folder;
}

function differs(
  { code, data }: StudyIdentity,
  trial: Pick<Job["trial"], "code" | "data">,
): "nothing" | "code" | "data" {
  if (code.hash !== trial.code) return "code";
  const names = new Set([...Object.keys(data), ...Object.keys(trial.data)]);
  return [...names].every((name) => data[name] === trial.data[name]) ? "nothing" : "data";
}

function codeText({ code }: StudyIdentity, theirs: Readonly<Record<string, string>> | null): string {
  if (theirs === null) return "its code is another one";
  const names = [...new Set([...Object.keys(code.parts), ...Object.keys(theirs)])].sort();
  const different = names.filter((name) => code.parts[name] !== theirs[name]);
  if (different.length === 0) return `what its code leaves open is different: ${code.unresolved.join("; ")}`;
  // A file whose imports differ has another hash as well; those that only one side has say more.
  const lines = different.map((name) =>
    code.parts[name] === undefined
      ? `${name} is missing here`
      : theirs[name] === undefined
        ? `${name} is only here`
        : `${name} differs`,
  );
  return `its code is another one: ${listText(lines)}`;
}

function dataText(own: StudyIdentity["data"], theirs: StudyIdentity["data"]): string {
  const names = [...new Set([...Object.keys(own), ...Object.keys(theirs)])].sort();
  const lines = names
    .filter((name) => own[name] !== theirs[name])
    .map((name) => `${name} is ${short(own[name])} here and ${short(theirs[name])} for the run`);
  return `its data is other data: ${listText(lines)}`;
}

const short = (hash: string | undefined): string => (hash === undefined ? "missing" : hash.slice(0, 12));

const listText = (lines: readonly string[]): string =>
  lines.length <= 4 ? lines.join(", ") : `${lines.slice(0, 4).join(", ")} and ${lines.length - 4} more`;

/** How a worker calls itself: machine and process. */
export const workerName = (): string => `${hostname()} (process ${process.pid})`;
