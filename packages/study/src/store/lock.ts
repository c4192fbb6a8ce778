import { readFileSync, rmSync } from "node:fs";
import { hostname } from "node:os";
import { writeJson } from "./write.ts";

interface Lock {
  readonly pid: number;
  readonly host: string;
}

/** The process that holds the lock, if it is alive. A lock of another machine counts as held, since nobody here can tell. */
export function lockHolder(path: string): Lock | null {
  let lock: Lock;
  try {
    lock = JSON.parse(readFileSync(path, "utf8"));
  } catch {
    return null;
  }
  if (lock.host !== hostname()) return lock;
  if (lock.pid === process.pid) return null;
  try {
    process.kill(lock.pid, 0);
    return lock;
  } catch {
    return null;
  }
}

export function takeLock(path: string): void {
  const lock: Lock = { pid: process.pid, host: hostname() };
  writeJson(path, lock);
}

export function releaseLock(path: string): void {
  rmSync(path, { force: true });
}
