// The browsers of this machine
export { chromium, firefox, type InstalledBrowser } from "./installed.ts";
export { quiet, software } from "./chromium-flags.ts";
export { visit, type Visit, type VisitOptions } from "./visit.ts";
