// The browsers that `@sluice/runner` starts for trials are those of tests, bench and examples.
export {
  chromium,
  firefox,
  quiet,
  software,
  visit,
  type InstalledBrowser,
  type Visit,
  type VisitOptions,
} from "@sluice/runner/browsers";
