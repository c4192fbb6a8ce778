import { memberSource } from "./member-source.ts";
import { sessionSource } from "./session-source.ts";

const roles = `
const node = typeof process === "object" && process !== null && typeof process.getBuiltinModule === "function" ? process.getBuiltinModule("node:worker_threads") : undefined;
const port = node ? node.parentPort : self;
const say = (reply, transfer = []) => port.postMessage({ reply }, transfer);
const member = ${memberSource};
const session = ${sessionSource};
const receive = (message) => (message.kind === undefined ? session(message) : member(message));
const misread = () => port.postMessage({ unreadable: true });

if (node) {
  port.on("message", receive);
  port.on("messageerror", misread);
} else {
  self.onmessage = (event) => receive(event.data);
  self.onmessageerror = misread;
}
`;

/** Identifies this text. A page may be served an old copy of the file. */
export const version = checksum(roles);

/**
 * The code of a worker, as a string, so that it is the same in Node and in browsers, from sources, builds and bundles,
 * without a file to find. The build also writes it to a file, for pages whose policy requires one. A worker's first
 * message tells it which role to take.
 */
export const workerSource = `${roles}port.postMessage({ ready: ${version} });\n`;

/** FNV-1a. */
function checksum(text: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  return hash >>> 0;
}
