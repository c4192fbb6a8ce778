// What runs in the page of a trial: the study's module, and the trial in memory. Everything that it writes goes to the
// server of the page when it ends.
import { memoryStore, messageOf, runTrial, stopping, type Store, type Study, type TrialResult } from "@sluice/study";
import { toText, type PageQuestion, type PageReply, type PageStart } from "./wire.ts";

/** Runs the trial that the page's server names, and tells the server how it ended. */
export async function runInPage(load: () => Promise<{ readonly default: Study }>): Promise<void> {
  addEventListener("unhandledrejection", ({ reason }) => void broken(reason));
  addEventListener("error", ({ error, message }) => void broken(error ?? message));
  try {
    const start: PageStart = await (await fetch("start")).json();
    offerFiles(start.variables);
    await runAndTell(start, load);
  } catch (error) {
    await broken(error);
  }
}

const tell = (what: string, body: string | Uint8Array<ArrayBuffer>): Promise<Response> =>
  fetch(what, { method: "POST", body });

const broken = (error: unknown): Promise<unknown> =>
  tell("broken", error instanceof Error ? (error.stack ?? messageOf(error)) : String(error));

async function runAndTell(
  { trial, threads, dataFolder, environment }: PageStart,
  load: () => Promise<{ readonly default: Study }>,
): Promise<void> {
  const memory = memoryStore();
  let result: TrialResult | null = null;
  const store: Store = {
    ...memory,
    async openTrial(given, options) {
      const session = await memory.openTrial(given, options);
      return {
        ...session,
        async finish(ended) {
          await session.finish(ended);
          result = ended;
        },
      };
    },
  };
  const study = async (): Promise<Study> => (await load()).default;
  // Nothing stops a trial in a page but the end of the browser.
  const { signal } = new AbortController();
  await runTrial(
    { trial, study, store, threads, dataFolder, environment, changes: "" },
    { signal, onProgress: (progress) => void tell("progress", toText(progress)) },
  );
  if (result === null) throw stopping({ status: "failed", reason: "the trial ended without a result" });
  const record = await memory.readTrial(trial);
  for (const name of Object.keys(record.files ?? {}))
    await tell(`file?name=${encodeURIComponent(name)}`, new Uint8Array(await memory.readFile(record, name)));
  const { rows, series } = await memory.readCurves(record);
  const log = memory.logOf(trial);
  await tell(
    "answer",
    toText({ result, rows, series, log, agent: navigator.userAgent, isolated: crossOriginIsolated }),
  );
}

/**
 * The functions of Node with which data sets read their files. The server of the page reads for them, so a study that
 * reads files of its data folder or of its packages needs no other code here.
 */
function offerFiles(variables: PageStart["variables"]): void {
  const modules: Readonly<Record<string, unknown>> = {
    "node:fs/promises": { readFile: (path: string | URL) => bytesOf(String(path)) },
    "node:module": {
      createRequire: (from: string | URL) => ({
        resolve: (of: string) => asked({ call: "resolve", of, from: String(from) }),
      }),
    },
    "node:url": {
      fileURLToPath: (url: string | URL) => asked({ call: "fileURLToPath", of: String(url) }),
      pathToFileURL: (path: string) => new URL(asked({ call: "pathToFileURL", of: path })),
    },
  };
  const value = { env: variables, versions: {}, getBuiltinModule: (name: string) => modules[name] };
  Object.defineProperty(globalThis, "process", { value, configurable: true, writable: true });
}

async function bytesOf(path: string): Promise<Uint8Array> {
  const response = await tell("read", path);
  if (!response.ok) throw new Error(await response.text());
  return new Uint8Array(await response.arrayBuffer());
}

/** Waits for the answer without a promise, as the functions of Node that it stands for do. */
function asked(question: PageQuestion): string {
  const request = new XMLHttpRequest();
  request.open("POST", "ask", false);
  request.send(JSON.stringify(question));
  const reply: PageReply = JSON.parse(request.responseText);
  if ("error" in reply) throw new Error(reply.error);
  return reply.value;
}
