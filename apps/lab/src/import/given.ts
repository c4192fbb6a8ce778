import {
  checkGiven,
  laidOver,
  settingAt,
  suggestion,
  type GivenProblem,
  type GivenTrial,
  type Manifest,
  type Settings,
} from "@sluice/study";
import { countOf, momentOf, numberOf, textOf } from "./cells.ts";
import type { Draft, Told } from "./draft.ts";
import type { Mapping, Part } from "./mapping.ts";
import type { ImportProblem, Place } from "./problem.ts";

/** A trial that was read and checked, and where it stands. */
export interface CheckedTrial {
  readonly given: GivenTrial;
  readonly place: Place;
}

interface Checking {
  readonly mapping: Mapping;
  readonly manifest: Manifest;
  readonly problems: ImportProblem[];
}

/** Makes a trial of what was read, and checks it against the run. `null`, and problems, if it is none. */
export function checkedTrial(draft: Draft, checking: Checking): CheckedTrial | null {
  const { manifest, problems } = checking;
  const before = problems.length;
  const [task, variant, seed] = [
    named(draft, "task", checking),
    named(draft, "variant", checking),
    seedOf(draft, checking),
  ];
  const fold = foldOf(draft, checking);
  const config = [...draft.settings].reduce<Settings>(
    (below, [name, { value }]) => laidOver(below, settingAt(name.split("."), value)),
    {},
  );
  const metrics = Object.fromEntries([...draft.finals].map(([name, { value }]) => [name, value]));
  const rest = restOf(draft, checking);
  if (problems.length > before || task === null || variant === null || seed === null || rest === null) return null;
  const given: GivenTrial = {
    task,
    variant,
    seed,
    ...(fold !== undefined && { fold }),
    config,
    rows: draft.rows,
    metrics,
    files: draft.files,
    ...(draft.weights !== undefined && { weights: draft.weights }),
    read: draft.read,
    ...rest,
  };
  for (const problem of checkGiven(manifest, given)) problems.push({ ...placeOf(draft, problem), what: problem.what });
  const isTold = problems.some(({ file, line }) => file === draft.place.file && line === draft.place.line);
  if (!isTold && given.status === "done" && Object.keys(metrics).length === 0 && draft.rows.length === 0)
    problems.push({
      ...draft.place,
      what: "it has no metric of the run; name its columns with --metric or the mapping",
    });
  return problems.length > before ? null : { given, place: draft.place };
}

function placeOf(draft: Draft, { part, name = "" }: GivenProblem): Place {
  const told: Told<unknown> | undefined =
    part === "settings"
      ? draft.settings.get(name)
      : part === "metrics"
        ? draft.finals.get(name)
        : draft.parts.get(part);
  return told?.place ?? draft.place;
}

/** The task or variant: as the trial says, by the names of the mapping, or as the mapping fixes it. */
function named(draft: Draft, part: "task" | "variant", { mapping, manifest, problems }: Checking): string | null {
  const told = draft.parts.get(part);
  if (told !== undefined) {
    const text = textOf(told.value);
    return mapping.names?.[part]?.[text] ?? text;
  }
  const fixed = mapping.fixed?.[part];
  if (fixed !== undefined) return fixed;
  const [only] = manifest.tasks;
  if (part === "task" && manifest.tasks.length === 1 && only !== undefined) return only;
  const what = `no ${part} is given; name its column (--column ${part}=NAME), or the ${part} of all trials (--${part} NAME)`;
  problems.push({ ...draft.place, what });
  return null;
}

function seedOf(draft: Draft, { mapping, problems }: Checking): number | null {
  const told = draft.parts.get("seed");
  if (told === undefined) {
    const fixed = mapping.fixed?.seed ?? null;
    if (fixed === null)
      problems.push({
        ...draft.place,
        what: "no seed is given; name its column (--column seed=NAME), or number the trials in one",
      });
    return fixed;
  }
  const seed = countOf(told.value);
  if (seed === null)
    problems.push({ ...told.place, what: `"${textOf(told.value)}" is no seed; expected an integer of at least 0` });
  return seed;
}

/** Folds are counted from 1 wherever people read them. */
function foldOf(draft: Draft, { manifest, problems }: Checking): GivenTrial["fold"] {
  const told = draft.parts.get("fold");
  if (told === undefined) return undefined;
  const fold = countOf(told.value);
  const of = manifest.trials[0]?.fold?.of ?? 0;
  if (fold !== null && fold >= 1) return { index: fold - 1, of };
  problems.push({ ...told.place, what: `"${textOf(told.value)}" is no fold; expected an integer of at least 1` });
  return undefined;
}

type Rest = Pick<GivenTrial, "status" | "reason" | "seconds" | "finished" | "parameters">;

function restOf(draft: Draft, { mapping, problems }: Checking): Rest | null {
  const status = statusOf(draft, mapping, problems);
  const reason = draft.parts.get("reason");
  const numbers = (part: Part, what: string): number | undefined => {
    const told = draft.parts.get(part);
    if (told === undefined) return undefined;
    const value = numberOf(told.value);
    if (value !== null && value >= 0 && Number.isFinite(value)) return value;
    problems.push({ ...told.place, what: `"${textOf(told.value)}" is no number of ${what}` });
    return undefined;
  };
  const [seconds, parameters] = [numbers("seconds", "seconds"), numbers("parameters", "parameters")];
  const ended = draft.parts.get("finished");
  const finished = ended === undefined ? undefined : momentOf(ended.value);
  if (finished === null && ended !== undefined)
    problems.push({
      ...ended.place,
      what: `"${textOf(ended.value)}" is no date; expected one such as 2026-03-01T12:00:00Z`,
    });
  if (status === null) return null;
  return {
    status,
    ...(reason !== undefined && status !== "done" && { reason: textOf(reason.value) }),
    ...(seconds !== undefined && { seconds }),
    ...(parameters !== undefined && { parameters }),
    ...(typeof finished === "string" && { finished }),
  };
}

const STATUS_WORDS: Readonly<Record<string, GivenTrial["status"]>> = {
  done: "done",
  finished: "done",
  completed: "done",
  success: "done",
  terminated: "done",
  diverged: "diverged",
  failed: "failed",
  crashed: "failed",
  killed: "failed",
  error: "failed",
};

/** A trial that failed elsewhere counts as failed here too: which trials fail may depend on the variant. */
function statusOf(draft: Draft, mapping: Mapping, problems: ImportProblem[]): GivenTrial["status"] | null {
  const told = draft.parts.get("status");
  if (told === undefined) return "done";
  const text = textOf(told.value);
  const status = mapping.names?.status?.[text] ?? STATUS_WORDS[text.toLowerCase()];
  if (status !== undefined) return status;
  const known = Object.keys(STATUS_WORDS);
  const what = `"${text}" is no status of a trial that has ended; ${suggestion(text, known)}. Other words are given in names.status of the mapping`;
  problems.push({ ...told.place, what });
  return null;
}
