import { probeTrials, type FailedProbe, type PreparedRun } from "@sluice/runner";
import { runTime, type RunTime } from "@sluice/study";
import { interruptions } from "./interruptions.ts";
import type { Terminal } from "./terminal.ts";

/** The time of a run, and what a probe could not measure. */
export interface Probed {
  readonly time: RunTime;
  readonly failed: readonly FailedProbe[];
  readonly interrupted: boolean;
}

/** The time of a run, after a probe of its trials if `seconds` are given; `true` is the default of seconds. */
export async function probedTime(
  prepared: PreparedRun,
  { seconds, terminal }: { readonly seconds: number | true | undefined; readonly terminal: Terminal },
): Promise<Probed> {
  if (seconds === undefined) return { time: prepared.time, failed: [], interrupted: false };
  const { stderr, closed } = terminal;
  const interruption = interruptions(closed, () => stderr.write("Stopping.\n"));
  try {
    stderr.write(`${prepared.study.name}: running the first steps of some trials.\n`);
    const { measured, failed } = await probeTrials(prepared, {
      ...(seconds === true ? {} : { seconds }),
      signal: interruption.stop,
    });
    const time = await runTime(prepared, prepared.store, measured);
    return { time, failed, interrupted: interruption.stop.aborted };
  } finally {
    interruption.end();
  }
}
