import { z } from "zod";
import { messageOf, studyError } from "@sluice/study";
import { seriesOf } from "../folder/artifact.ts";
import { firstEnvironment } from "../folder/environment.ts";
import { checkedContent, configSchema, resultSchema } from "../folder/read.ts";
import type { StoredResult } from "../folder/stored-result.ts";
import type { ArchivedTrial } from "./archived.ts";
import { sealOf } from "../folder/seal.ts";
import { archivedCurveSchema, curvesFrom, type ArchivedCurves } from "./archived-curves.ts";

/** What a line contains, before its seal. */
export interface ArchivedContent {
  readonly folder: string;
  /** The content of `config.json`. */
  readonly config: object;
  /** The content of `environment.json`; `null` if there is none. */
  readonly environment: object | null;
  /** The content of `result.json`. */
  readonly result: object;
  readonly curves: ArchivedCurves;
  /** Contents of the files in `artifacts/`, by name. */
  readonly series: { readonly [name: string]: object };
}

interface CheckedContent extends ArchivedContent {
  readonly config: ArchivedTrial["identity"];
  readonly result: StoredResult;
}

const lineSchema = z.object({
  folder: z.string(),
  config: configSchema,
  environment: z.looseObject({}).nullable(),
  result: resultSchema,
  curves: archivedCurveSchema,
  series: z.record(z.string(), z.looseObject({})),
});

/** The line of a trial. The same trial always gives the same line. */
export function archivedLine(content: ArchivedContent): string {
  const plain: object = JSON.parse(JSON.stringify(content));
  return JSON.stringify({ ...plain, seal: sealOf("archived", plain) });
}

const GO_ON = "Restore the file from a copy, or archive the run again";

/** @throws an error that says where, if a line is damaged. */
export function readArchivedLine(text: string, place: string): ArchivedTrial {
  const fail = (what: string, cause?: unknown): Error =>
    studyError(`${place}: damaged: ${what}. ${GO_ON}`, cause ?? new Error(what));
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch (error) {
    throw fail(`not JSON (${messageOf(error)})`, error);
  }
  if (typeof parsed !== "object" || parsed === null || !("seal" in parsed)) throw fail("it has no seal");
  const { seal, ...content } = parsed;
  if (seal !== sealOf("archived", content)) throw fail("its content does not match its seal");
  const checked = checkedContent<CheckedContent>(content, lineSchema, { path: place, goOn: GO_ON });
  const { folder, config, environment, result, curves, series } = checked;
  const { id } = config;
  if (result.trial !== id) throw fail("the result of another trial");
  return {
    identity: config,
    folder,
    result,
    text,
    curves: () => curvesFrom(curves),
    series: () =>
      Object.entries(series)
        .sort(([a], [b]) => (a < b ? -1 : 1))
        .map(([name, own]) => seriesOf(own, { trial: id, name, path: place })),
    environment: () => (environment === null ? null : firstEnvironment(environment, id, place)),
  };
}
