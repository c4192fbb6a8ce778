import {
  messageOf,
  overLimit,
  studyError,
  type Ending,
  type Executor,
  type PlannedTrial,
  type TrialTask,
} from "@sluice/study";
import { bundleStudy, readableFolders } from "./bundle-study.ts";
import type { InstalledBrowser } from "./installed.ts";
import { servePage, type PageEnd, type PageServer } from "./page-server.ts";
import { visit, type Visit } from "./visit.ts";

/** Options of {@link browserPages}. */
export interface BrowserPagesOptions {
  /** Path of the module whose default export is the study. */
  readonly module: string;
  /** The browser, which has no window. */
  readonly browser: InstalledBrowser;
  /**
   * Whether the page is cross-origin isolated, so that it may share memory among threads. Otherwise it has one thread.
   * Default true.
   */
  readonly isolated?: boolean;
}

/**
 * Runs each trial in a page of a browser of its own, which is started for it. The page gets files of the data folder
 * and of installed packages from this process. A trial starts from the beginning: a page resumes from no checkpoint.
 *
 * The study's module is bundled first, with `esbuild`, which you install beside this package.
 *
 * @throws an error if the browser or the bundler is not installed, or if the module needs Node; it names the import.
 */
export async function browserPages({ module, browser, isolated = true }: BrowserPagesOptions): Promise<Executor> {
  if (browser.path === undefined) throw studyError(browser.absent);
  const script = await bundleStudy(module);
  return {
    run: (trial, task) => runInBrowser(trial, task, { module, browser, isolated, script }),
  };
}

type Page = Required<BrowserPagesOptions> & { readonly script: string };

async function runInBrowser(trial: PlannedTrial, task: TrialTask, page: Page): Promise<Ending | null> {
  const began = performance.now();
  const { threads, dataFolder, environment, limit, signal, kill, onProgress } = task;
  const folder = process.env["SLUICE_DATA"];
  const server = await servePage({
    script: page.script,
    start: { trial, threads, dataFolder, environment, variables: folder === undefined ? {} : { SLUICE_DATA: folder } },
    isolated: page.isolated,
    readable: readableFolders(page.module, [dataFolder, folder]),
    onProgress,
  });
  const ended = (why: Pick<Ending, "status" | "reason" | "write">): Ending => ({
    ...why,
    seconds: (performance.now() - began) / 1000,
  });
  const stopped = Promise.withResolvers<Ending>();
  const stop = (): void =>
    stopped.resolve(ended({ status: "interrupted", reason: "stopped by the user", write: false }));
  for (const each of [signal, kill]) {
    if (each.aborted) stop();
    else each.addEventListener("abort", stop);
  }
  const late = limit === null ? null : overLimit(limit);
  const timer =
    limit === null || late === null
      ? undefined
      : setTimeout(() => stopped.resolve(ended({ ...late, write: true })), limit * 1000);
  let visiting: Visit | undefined;
  try {
    visiting = visit(page.browser, server.address);
    return await Promise.race([stopped.promise, visiting.lost, kept(trial, task, server)]);
  } catch (error) {
    return ended({ status: "failed", reason: messageOf(error), write: true });
  } finally {
    clearTimeout(timer);
    for (const each of [signal, kill]) each.removeEventListener("abort", stop);
    await visiting?.close();
    server.close();
  }
}

/** Waits for the end of the trial and writes it into the store. */
async function kept(trial: PlannedTrial, { store, environment, changes, signal }: TrialTask, { end }: PageServer) {
  const page = await end;
  const runtime = runtimeOf(page);
  const session = await store.openTrial(trial, {
    environment: { ...environment, runtime, engine: null },
    changes,
    signal,
  });
  try {
    for (const line of page.log) session.log(line);
    for (const row of page.rows) session.metric(row);
    for (const series of page.series) session.series(series.name, series);
    for (const [name, bytes] of page.files) await session.file(name, bytes);
    await session.flush();
    await session.finish(page.result);
  } finally {
    await session.close();
  }
  return null;
}

/** "Chromium 156" or "Firefox 153.0". */
function runtimeOf({ agent }: PageEnd): string {
  const [, version] = /Chrome\/(\d+)/.exec(agent) ?? [];
  if (version !== undefined) return `Chromium ${version}`;
  const [, other] = /Firefox\/([\d.]+)/.exec(agent) ?? [];
  return other === undefined ? agent : `Firefox ${other}`;
}
