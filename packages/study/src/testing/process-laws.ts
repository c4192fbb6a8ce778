/** What executors promise whose trials have processes of their own. */
import { runStudy, type RunControl } from "../run/run-study.ts";
import { broken, expectStatus, only, planned, type Subject } from "./executor-laws.ts";

/** A trial that takes 100 MB with each step, up to 3 GB, is ended on the way there. */
export async function memory(subject: Subject): Promise<void> {
  const run = await planned(subject, { steps: 35, wait: 50, fault: "hoard" }, { memory: 700e6 });
  expectStatus(only((await runStudy(run)).records), "failed", "more than its limit of 700 MB");
  const modest = await planned(subject, {}, { memory: 2e9 });
  expectStatus(only((await runStudy(modest)).records), "done");
}

/** Whether the trial ends by itself or is killed, what it has started ends too. */
export async function children(subject: Subject): Promise<void> {
  const starting = { fault: "start processes", wait: 5 };
  await expectEnded(subject, { ...starting, steps: 20 }, {}, "done");
  const [kill, stop] = [new AbortController(), new AbortController()];
  const control: RunControl = {
    kill: kill.signal,
    signal: stop.signal,
    onEvent(event) {
      if (event.kind !== "progress" || event.progress.step < 15) return;
      stop.abort();
      kill.abort();
    },
  };
  await expectEnded(subject, { ...starting, steps: 100_000, listens: false }, control, "interrupted");
}

async function expectEnded(
  subject: Subject,
  settings: Parameters<typeof planned>[1],
  control: RunControl,
  status: "done" | "interrupted",
): Promise<void> {
  const place = subject.newPlace();
  const record = only((await runStudy(await planned(subject, settings, { place }), control)).records);
  expectStatus(record, status);
  const { rows } = await place.store.readCurves(record);
  const started = [...new Set(rows.flatMap(({ started, startedByIt }) => [started ?? [], startedByIt ?? []].flat()))];
  if (started.length < 2) broken(`expected the numbers of 2 processes in the rows, got ${started.length}`);
  for (let tries = 0; started.some((pid) => subject.isRunning?.(pid)); tries += 1) {
    if (tries === 400) broken(`what the trial started runs on 20 s after the trial was ${status}: ${started.join()}`);
    await new Promise((settle) => setTimeout(settle, 50));
  }
}
