/*
 * The code of a worker, in Node, Deno, Bun and browsers. Its messages tell it which of two roles it has. Bundled, it is
 * the text in ../roles-source.ts.
 */
import { workerThreads } from "../platform.ts";
import { member } from "./member.ts";
import type { ToMember } from "./messages.ts";
import { session, type ToSession } from "./session.ts";

/** Identifies the text; stands before it. */
declare const VERSION: number;

const port = workerThreads()?.parentPort ?? undefined;

const say = (reply: object, transfer: readonly ArrayBuffer[] = []): void => post({ reply }, transfer);
const [ofMember, ofSession] = [member(say), session(say)];
const receive = (message: ToMember | ToSession): void => ("kind" in message ? ofMember(message) : ofSession(message));
const misread = (): void => post({ unreadable: true });

function post(message: object, transfer: readonly ArrayBuffer[] = []): void {
  if (port === undefined) globalThis.postMessage(message, { transfer: [...transfer] });
  else port.postMessage(message, transfer);
}

if (port === undefined) {
  globalThis.onmessage = (event: MessageEvent<ToMember | ToSession>) => receive(event.data);
  globalThis.onmessageerror = misread;
} else {
  port.on("message", receive);
  port.on("messageerror", misread);
}
post({ ready: VERSION });
