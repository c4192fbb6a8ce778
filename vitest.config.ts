import { defineConfig } from "vitest/config";

/** One run over every package, straight from the sources: no build comes before a test. */
export default defineConfig({
  // Threads and processes that a test starts resolve the same way: vitest hands the conditions on.
  ssr: { resolve: { conditions: ["@sluice/source", "module", "node", "development|production"] } },
  test: {
    // For what hangs. What is slow only because the machine is busy has not failed.
    testTimeout: 60_000,
    hookTimeout: 60_000,
    setupFiles: ["scripts/property-tests/setup.js"],
    ...(process.env["SLUICE_SEEDS"] === undefined ? {} : { runner: "scripts/property-tests/runner.js" }),
    globalSetup: ["scripts/property-tests/announce.js"],
    include: [
      "{packages,apps,examples,tools}/*/src/**/*.test.ts",
      "experiments/**/*.test.ts",
      "bench/**/*.test.ts",
      "tests/**/*.test.ts",
    ],
    typecheck: {
      enabled: true,
      include: ["packages/*/src/**/*.test-d.ts"],
      tsconfig: "tsconfig.typetest.json",
      ignoreSourceErrors: true,
    },
  },
});
