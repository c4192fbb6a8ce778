import { existsSync, readFileSync, renameSync } from "node:fs";
import { basename, join } from "node:path";
import { z } from "zod";
import { messageOf, studyError, type Environment, type StoredEnvironment } from "@sluice/study";
import { trialFiles } from "./files.ts";
import { readSealed, writeSealed } from "./seal.ts";
import { sha256 } from "./sha256.ts";
import { writeAtomically, writeError } from "./write.ts";

const gitSchema = z.object({
  commit: z.string().nullable(),
  branch: z.string().nullable(),
  uncommitted: z.string().nullable(),
  lost: z.string().optional(),
});

const sessionSchema = z.object({
  runtime: z.string(),
  engine: z.string().nullable(),
  os: z.string().nullable(),
  cpu: z.string().nullable(),
  cores: z.number().nullable(),
  memoryGiB: z.number().nullable(),
  threads: z.number().nullable(),
  git: gitSchema.nullable(),
  command: z.string(),
  started: z.string(),
});

/** `environment.json`: where the trial started, and where it was resumed. */
const environmentSchema = sessionSchema.extend({
  trial: z.string(),
  resumed: z.array(sessionSchema).optional(),
  lost: z.string().optional(),
});

/** Records where a trial starts or resumes. A damaged file is moved aside, and the trial continues without it. */
export function noteEnvironment(folder: string, trial: string, environment: Environment, diff: string): void {
  const files = trialFiles(folder);
  const now = { ...environment, started: new Date().toISOString() };
  if (diff !== "") writeAtomically(files.diff(sha256(diff)), diff);
  if (!existsSync(files.environment)) {
    writeSealed(files.environment, "environment", { trial, ...now });
    return;
  }
  try {
    const earlier = readFile(folder, trial);
    writeSealed(files.environment, "environment", { ...earlier, resumed: [...(earlier.resumed ?? []), now] });
  } catch (error) {
    if (error instanceof Error && "unwritable" in error) throw error;
    const aside = `${files.environment}.damaged-${Date.now()}`;
    try {
      renameSync(files.environment, aside);
    } catch (failure) {
      throw writeError(files.environment, failure);
    }
    writeSealed(files.environment, "environment", {
      trial,
      ...now,
      lost: `the environment of earlier sessions: ${messageOf(error)}; kept as ${aside}`,
    });
  }
}

/** Where a trial ran, for all its sessions, and what is not known about it. */
export function readEnvironment(folder: string, trial: string): StoredEnvironment {
  try {
    const { trial: _, resumed = [], lost, started: _started, ...first } = readFile(folder, trial);
    const problems = lost === undefined ? [] : [`${trialFiles(folder).environment}: lost: ${lost}`];
    const diffs = new Set([first, ...resumed].flatMap(({ git }) => git?.uncommitted ?? []));
    for (const hash of diffs) {
      const path = trialFiles(folder).diff(hash);
      if (!existsSync(path))
        problems.push(`${path}: the file is missing: the uncommitted changes that the trial ran with`);
      else if (sha256(readFileSync(path)) !== hash)
        problems.push(`${path}: damaged: its content is not what was written`);
    }
    const changes = first.git?.uncommitted ?? null;
    return { environment: plain(first), changes: changes === null ? null : changesPath(folder, changes), problems };
  } catch (error) {
    return { environment: null, changes: null, problems: [messageOf(error)] };
  }
}

/** Where uncommitted changes are stored, relative to the report's folder. */
function changesPath(folder: string, hash: string): string {
  return join("trials", basename(folder), basename(trialFiles(folder).diff(hash)));
}

function plain({ git, ...rest }: Omit<z.infer<typeof sessionSchema>, "started">): Environment {
  if (git === null) return { ...rest, git };
  const { lost, ...known } = git;
  return { ...rest, git: lost === undefined ? known : { ...known, lost } };
}

function readFile(folder: string, trial: string): z.infer<typeof environmentSchema> {
  const path = trialFiles(folder).environment;
  return environmentOf(readSealed(path, "environment").content, trial, path);
}

/** The first environment that a file's content describes. */
export const firstEnvironment = (content: unknown, trial: string, path: string): Environment => {
  const { trial: _, resumed: _resumed, lost: _lost, started: _started, ...first } = environmentOf(content, trial, path);
  return plain(first);
};

function environmentOf(content: unknown, trial: string, path: string): z.infer<typeof environmentSchema> {
  const checked = environmentSchema.safeParse(content);
  if (!checked.success)
    throw studyError(`${path}: not an environment: ${checked.error.issues[0]?.path.join(".") ?? ""}`);
  if (checked.data.trial !== trial) throw studyError(`${path}: the environment of another trial`);
  return checked.data;
}
