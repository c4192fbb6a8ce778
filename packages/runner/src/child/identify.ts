import { fork } from "node:child_process";
import { fileURLToPath } from "node:url";
import { messageOf, studyError } from "@sluice/study";
import { codeIdentity, type CodeIdentity } from "../code/identity.ts";
import { trialArguments } from "./node-arguments.ts";

/** The code and data that a study has on this machine. */
export interface StudyIdentity {
  readonly code: CodeIdentity;
  /** Hashes of the data, by name. */
  readonly data: { readonly [name: string]: string };
}

/** What the process answers. */
export type Identified =
  ({ readonly kind: "identified" } & StudyIdentity) | { readonly kind: "failed"; readonly reason: string };

/** Options of {@link identifyStudy}. */
export interface IdentifyOptions {
  /** Passed to the study's `data`; default: none. */
  readonly dataFolder?: string | null;
}

const entry = fileURLToPath(
  new URL(import.meta.url.endsWith(".ts") ? "./identify-entry.ts" : "./identify-entry.js", import.meta.url),
);

/**
 * Identifies the code and data of a study in a process of its own. A process that lives long, such as a worker, thus
 * never holds an old version of the study, and the study cannot break it.
 *
 * @throws an error if the study cannot be loaded, or if its data cannot be read.
 */
export function identifyStudy(module: string, { dataFolder = null }: IdentifyOptions = {}): Promise<StudyIdentity> {
  return new Promise((settle, fail) => {
    const child = fork(entry, [module, ...(dataFolder === null ? [] : [dataFolder])], {
      execArgv: [...trialArguments()],
      serialization: "advanced",
      stdio: ["ignore", "ignore", "ignore", "ipc"],
    });
    child.once("message", (answer: Identified) => {
      if (answer.kind === "failed") fail(studyError(answer.reason, new Error(answer.reason)));
      else settle({ code: answer.code, data: answer.data });
    });
    child.once("error", (error) => fail(studyError(`${module}: ${messageOf(error)}`, error)));
    child.once("exit", (code, signal) =>
      fail(studyError(`${module}: the process that loads the study ended with ${signal ?? `exit code ${code}`}`)),
    );
  });
}

/** The code of a study as a trial of this process would load it. */
export const trialCode = (module: string): CodeIdentity => codeIdentity(module, { execArgv: trialArguments() });
