import {
  closeSync,
  linkSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { randomBytes } from "node:crypto";
import { systemCode } from "@sluice/study";
import { isAlive, isSame, thisProcess, type ProcessName } from "./process.ts";
import { sha256 } from "./sha256.ts";
import { writeError } from "./write.ts";

/** A folder's lock, while it is held. */
export interface Lock {
  readonly path: string;
  /** Whether the lock is still held. A holder on another machine that was silent for too long may have lost it. */
  isHeld(): boolean;
  /** Tells other machines that the holder is alive. Must be called every few seconds. */
  beat(): void;
  release(): void;
}

/** The lock, or a sentence that says who holds it. */
export type LockAttempt = { readonly lock: Lock } | { readonly lock: null; readonly holder: string };

interface LockFile extends ProcessName {
  /** Identifies one acquisition of the lock; never used again. */
  readonly token: string;
  readonly since: string;
}

/**
 * A holder that cannot be checked, because it is on another machine or its file cannot be read, counts as gone after
 * this long without a heartbeat.
 */
const SILENT_MS = 120_000;
export const BEAT_MS = 10_000;

/**
 * Acquires a lock, or says who holds it. However many processes, threads and calls try at the same time, only one gets
 * it.
 *
 * A lock file is created by a hard link, which only one process can make. If the holder of a lock has died, its file is
 * not deleted, because another process might delete its successor at the same moment. Instead the successor is linked
 * to a name made from the dead holder's token, `<path>.after-<token>`, which again only one process can make. The
 * holder is the end of this chain. It then replaces the first file by a rename, which makes the chain short again.
 *
 * @param options `ended`: a process that is known to have ended, although this machine cannot see it.
 */
export function takeLock(path: string, { ended }: { readonly ended?: ProcessName } = {}): LockAttempt {
  const token = randomBytes(8).toString("hex");
  const draft = `${path}.${token}.draft`;
  try {
    writeFileSync(
      draft,
      JSON.stringify({ token, ...thisProcess(), since: new Date().toISOString() } satisfies LockFile),
    );
    const now = statSync(draft).mtimeMs;
    for (;;) {
      const chain = chainOf(path);
      const last = chain.at(-1);
      const owner = last?.owner ?? null;
      const isOver = ended !== undefined && owner !== null && isSame(owner, ended);
      const holder = last === undefined || isOver ? null : holderOf(last, now);
      if (holder !== null) return { lock: null, holder };
      const place = last === undefined ? path : after(path, last.token);
      if (!appear(draft, place)) continue;
      if (last !== undefined) {
        // A slower process may have linked to a chain that no longer exists.
        if (chainOf(path).at(-1)?.token !== token) {
          rmSync(place, { force: true });
          continue;
        }
        renameSync(draft, path);
        for (const { token: gone } of chain) rmSync(after(path, gone), { force: true });
      }
      return { lock: lockOf(path, token) };
    }
  } catch (error) {
    throw writeError(path, error);
  } finally {
    rmSync(draft, { force: true });
  }
}

/** Who holds a lock, as a sentence; `null` if it is free. The lock is only looked at. */
export function lockHolder(path: string): string | null {
  const last = chainOf(path).at(-1);
  return last === undefined ? null : holderOf(last, Date.now());
}

/** Frees a lock whose holder is known to have ended, such as a process on another machine. */
export function freeLock(path: string, ended: ProcessName): void {
  const attempt = takeLock(path, { ended });
  attempt.lock?.release();
}

function lockOf(path: string, token: string): Lock {
  const isHeld = (): boolean => chainOf(path).at(-1)?.token === token;
  return {
    path,
    isHeld,
    beat() {
      // The first character is written again. The modification time then comes from the file system, the same for every
      // machine.
      try {
        const file = openSync(path, "r+");
        try {
          if (isHeld()) writeSync(file, "{", 0);
        } finally {
          closeSync(file);
        }
      } catch {
        // If the lock cannot be touched, `isHeld` notices, or at the latest the holder's next write.
      }
    },
    release() {
      if (isHeld()) rmSync(path, { force: true });
    },
  };
}

interface Link {
  readonly token: string;
  readonly changed: number;
  /** `null` for a file that cannot be read. */
  readonly owner: LockFile | null;
}

function chainOf(path: string): Link[] {
  const chain: Link[] = [];
  for (let link = readLink(path); link !== null; link = readLink(after(path, link.token))) chain.push(link);
  return chain;
}

function readLink(path: string): Link | null {
  let text: string;
  let changed: number;
  try {
    changed = statSync(path).mtimeMs;
    text = readFileSync(path, "utf8");
  } catch (error) {
    if (systemCode(error) === "ENOENT") return null;
    throw error;
  }
  const owner = parsed(text);
  return { token: owner?.token ?? sha256(text).slice(0, 16), changed, owner };
}

function parsed(text: string): LockFile | null {
  try {
    const file: unknown = JSON.parse(text);
    if (
      typeof file !== "object" ||
      file === null ||
      !("token" in file) ||
      !("pid" in file) ||
      !("host" in file) ||
      !("machine" in file) ||
      !("started" in file)
    )
      return null;
    const { token, pid, host, machine, started } = file;
    if (
      typeof token !== "string" ||
      !/^[0-9a-f]{16}$/.test(token) ||
      typeof pid !== "number" ||
      typeof host !== "string"
    )
      return null;
    if ((typeof machine !== "string" && machine !== null) || (typeof started !== "string" && started !== null))
      return null;
    return { token, pid, host, machine, started, since: "since" in file ? String(file.since) : "" };
  } catch {
    return null;
  }
}

/** Who holds a lock, as a sentence; `null` if it is free. @param now the file system's time. */
function holderOf({ owner, changed }: Link, now: number): string | null {
  const alive = owner === null ? null : isAlive(owner);
  if (alive !== null && owner !== null)
    return alive ? `process ${owner.pid} on this machine has been using this folder since ${owner.since}` : null;
  const silent = now - changed;
  if (silent > SILENT_MS) return null;
  const who =
    owner === null
      ? "there is a lock file that cannot be read"
      : `process ${owner.pid} on ${owner.host} has been using this folder since ${owner.since}`;
  return `${who}. Its last sign of life was ${Math.max(0, Math.round(silent / 1000))} s ago; after ${SILENT_MS / 1000} s without one it counts as gone`;
}

const after = (path: string, token: string): string => `${path}.after-${token}`;

/** Makes the complete draft appear under a name; `false` if the name exists. */
function appear(draft: string, path: string): boolean {
  try {
    linkSync(draft, path);
    return true;
  } catch (error) {
    if (systemCode(error) === "EEXIST") return false;
    if (!["EPERM", "ENOTSUP", "ENOSYS", "EMLINK"].includes(systemCode(error) ?? "")) throw error;
  }
  // A file system without hard links. A process that reads the incomplete file treats it as unreadable, and waits.
  try {
    writeFileSync(path, readFileSync(draft), { flag: "wx" });
    return true;
  } catch (error) {
    if (systemCode(error) === "EEXIST") return false;
    throw error;
  }
}
