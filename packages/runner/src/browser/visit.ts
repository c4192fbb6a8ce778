import { spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { quiet, software } from "./chromium-flags.ts";
import { firefox, type InstalledBrowser } from "./installed.ts";

/** Options of {@link visit}. */
export interface VisitOptions {
  /** Chromium only: turns on WebGL and WebGPU, drawn in software. Default false. */
  readonly graphics?: boolean;
}

/** A headless browser that shows one page. The page talks to the caller only through its own requests. */
export interface Visit {
  /** Rejects if the browser ends before `close`. Never resolves. */
  readonly lost: Promise<never>;
  /** Ends the browser and deletes its profile. */
  close(): Promise<void>;
}

/**
 * Starts a browser on a page, with a temporary profile that `close` deletes. Throws if the browser is not installed.
 */
export function visit(browser: InstalledBrowser, address: string, { graphics = false }: VisitOptions = {}): Visit {
  if (browser.path === undefined) throw new Error(browser.absent);
  const profile = mkdtempSync(join(tmpdir(), `sluice-${browser.name.toLowerCase()}-`));
  if (browser.name === firefox.name) writeFileSync(join(profile, "user.js"), preferences);
  const args =
    browser.name === firefox.name
      ? ["--headless", "--no-remote", "--profile", profile, address]
      : [...chromiumArgs(graphics), `--user-data-dir=${profile}`, address];
  // A process group of its own: Firefox runs the page in a child process, which must not outlive it.
  const child = spawn(browser.path, args, { stdio: "ignore", detached: true });
  const over = Promise.withResolvers<void>();
  const lost = Promise.withResolvers<never>();
  lost.promise.catch(() => {});
  child.on("error", (error) => lost.reject(error));
  child.on("exit", (code, signal) => {
    lost.reject(new Error(`${browser.name} ended with ${signal ?? `code ${code}`} before the page answered`));
    over.resolve();
  });
  return {
    lost: lost.promise,
    async close() {
      if (child.pid !== undefined && child.exitCode === null) {
        process.kill(-child.pid, "SIGKILL");
        await over.promise;
      }
      rmSync(profile, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 });
    },
  };
}

function chromiumArgs(graphics: boolean): string[] {
  return [
    "--headless",
    ...quiet,
    "--js-flags=--expose-gc",
    "--enable-precise-memory-info",
    ...(graphics ? software : ["--disable-gpu"]),
  ];
}

/** Preferences for a quiet Firefox: no network traffic of its own, and no question whether to stop a slow script. */
const preferences = Object.entries({
  "app.normandy.enabled": false,
  "app.update.auto": false,
  "app.update.enabled": false,
  "browser.aboutwelcome.enabled": false,
  "browser.safebrowsing.malware.enabled": false,
  "browser.safebrowsing.phishing.enabled": false,
  "browser.shell.checkDefaultBrowser": false,
  "browser.startup.homepage_override.mstone": "ignore",
  "datareporting.policy.dataSubmissionEnabled": false,
  "dom.max_script_run_time": 0,
  "extensions.update.enabled": false,
  "network.captive-portal-service.enabled": false,
  "network.connectivity-service.enabled": false,
  "toolkit.telemetry.enabled": false,
})
  .map(([name, value]) => `user_pref(${JSON.stringify(name)}, ${JSON.stringify(value)});\n`)
  .join("");
