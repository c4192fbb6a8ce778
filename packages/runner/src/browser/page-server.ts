import { randomUUID } from "node:crypto";
import { readFileSync, realpathSync } from "node:fs";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { createRequire } from "node:module";
import { sep } from "node:path";
import { buffer } from "node:stream/consumers";
import { fileURLToPath, pathToFileURL } from "node:url";
import { messageOf, studyError, type Progress } from "@sluice/study";
import { answerOf, type PageAnswer, type PageQuestion, type PageReply, type PageStart } from "./wire.ts";

/** A trial that has ended in a page, with the files that it keeps. */
export interface PageEnd extends PageAnswer {
  readonly files: ReadonlyMap<string, Uint8Array>;
}

/** Options of {@link servePage}. */
export interface PageServerOptions {
  readonly script: string;
  readonly start: PageStart;
  /** Whether the page may share memory among threads. */
  readonly isolated: boolean;
  /** The folders from which the page may read. Files of installed packages may be read from everywhere. */
  readonly readable: readonly string[];
  onProgress(progress: Progress): void;
}

/** A page of one trial, served on this machine to whoever knows its address. */
export interface PageServer {
  readonly address: string;
  /** How the trial ended; rejects if the page broke. */
  readonly end: Promise<PageEnd>;
  close(): void;
}

const ISOLATION = {
  "Cross-Origin-Opener-Policy": "same-origin",
  "Cross-Origin-Embedder-Policy": "require-corp",
} as const;

const PAGE = `<!doctype html><meta charset="utf-8"><title>A trial</title><script type="module" src="page.js"></script>`;

/** Serves the page of a trial. */
export async function servePage(options: PageServerOptions): Promise<PageServer> {
  const { isolated } = options;
  const end = Promise.withResolvers<PageEnd>();
  end.promise.catch(() => {});
  const files = new Map<string, Uint8Array>();
  // Other pages in other browsers of this machine do not know this part of the address.
  const home = `/${randomUUID()}/`;
  const server = createServer((request, response) => {
    for (const [name, value] of Object.entries(isolated ? ISOLATION : {})) response.setHeader(name, value);
    response.setHeader("Cache-Control", "no-store");
    const url = new URL(request.url ?? "/", "http://localhost");
    if (!url.pathname.startsWith(home)) return void response.writeHead(404).end();
    const about = { what: url.pathname.slice(home.length), name: url.searchParams.get("name") ?? "" };
    answer(request, response, { ...about, options, files, end }).catch((error: unknown) => {
      response.writeHead(500, { "Content-Type": "text/plain; charset=utf-8" }).end(messageOf(error));
    });
  });
  await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
  const place = server.address();
  if (place === null || typeof place === "string") throw studyError("the page of a trial cannot be served");
  return {
    address: `http://127.0.0.1:${place.port}${home}`,
    end: end.promise,
    close() {
      server.close();
      server.closeAllConnections();
    },
  };
}

interface Asked {
  readonly what: string;
  readonly name: string;
  readonly options: PageServerOptions;
  readonly files: Map<string, Uint8Array>;
  readonly end: PromiseWithResolvers<PageEnd>;
}

async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  { what, name, options: { script, start, readable, onProgress }, files, end }: Asked,
): Promise<void> {
  const send = (type: string, body: string | Uint8Array): void =>
    void response.writeHead(200, { "Content-Type": type }).end(body);
  if (what === "") return send("text/html", PAGE);
  if (what === "page.js") return send("text/javascript; charset=utf-8", script);
  if (what === "start") return send("application/json", JSON.stringify(start));
  const body = await buffer(request);
  if (what === "read") return send("application/octet-stream", readFor(body.toString(), readable));
  if (what === "ask") return send("application/json", JSON.stringify(replyTo(JSON.parse(body.toString()))));
  if (what === "file") files.set(name, body);
  if (what === "progress") onProgress(JSON.parse(body.toString()));
  if (what === "broken") end.reject(new Error(body.toString()));
  if (what === "answer") end.resolve({ ...answerOf(body.toString()), files });
  response.writeHead(204).end();
}

/** @throws an error if there is no such file, or if the page may not read it. */
function readFor(given: string, readable: readonly string[]): Buffer {
  const path = realpathSync(given.startsWith("file:") ? fileURLToPath(given) : given);
  const allowed = readable.some((folder) => path.startsWith(folder.endsWith(sep) ? folder : `${folder}${sep}`));
  if (!allowed && !path.split(sep).includes("node_modules"))
    throw new Error(
      `EACCES: a page reads only files of the study's project, its packages and its data folder: ${path}`,
    );
  return readFileSync(path);
}

function replyTo({ call, of, from = "" }: PageQuestion): PageReply {
  try {
    if (call === "fileURLToPath") return { value: fileURLToPath(of) };
    if (call === "pathToFileURL") return { value: pathToFileURL(of).href };
    return { value: createRequire(from).resolve(of) };
  } catch (error) {
    return { error: messageOf(error) };
  }
}
