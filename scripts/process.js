import { spawn } from "node:child_process";
import { constants } from "node:os";
import { dirname } from "node:path";
import { fileURLToPath } from "node:url";

/** The root of the repository. */
export const root = dirname(dirname(fileURLToPath(import.meta.url)));

export const windows = process.platform === "win32";

/** Runs the npm that started this script, or the one on the path; resolves to its exit code. */
export function npm([command, ...args], cwd) {
  const quietly = [command, "--no-audit", "--no-fund", "--no-update-notifier", "--loglevel=error", ...args];
  const script = process.env.npm_execpath;
  if (script !== undefined && script.endsWith("npm-cli.js"))
    return run(process.execPath, [script, ...quietly], { cwd });
  return run(windows ? "npm.cmd" : "npm", quietly, { cwd, shell: windows });
}

/**
 * Runs a program in the foreground and resolves to its exit code (128 + signal number when a signal ended it, as shells
 * count). In a terminal Ctrl-C reaches the program by itself, so it is only waited for here; other signals are passed
 * on.
 */
export function run(program, args, options = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { cwd: root, stdio: "inherit", ...options });
    const handlers = ["SIGINT", "SIGTERM", "SIGHUP"].map((signal) => {
      const handler = () => {
        if (signal !== "SIGINT" || !process.stdin.isTTY) child.kill(signal);
      };
      process.on(signal, handler);
      return [signal, handler];
    });
    child.on("error", reject);
    child.on("exit", (code, signal) => {
      for (const [name, handler] of handlers) process.off(name, handler);
      resolve(code ?? 128 + constants.signals[signal]);
    });
  });
}
