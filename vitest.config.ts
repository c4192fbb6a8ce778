import { defineConfig } from "vitest/config";

const source = "@sluice/source";

/** One run over every package, straight from the sources: no build comes before a test. */
export default defineConfig({
  resolve: { conditions: [source, "module", "node", "development|production"] },
  ssr: { resolve: { conditions: [source, "module", "node", "development|production"] } },
  test: {
    include: ["{packages,apps}/*/src/**/*.test.ts", "experiments/**/*.test.ts", "tests/**/*.test.ts"],
    // Threads and processes that a test starts load the sources as well.
    execArgv: [`--conditions=${source}`],
    typecheck: { enabled: true, include: ["packages/*/src/**/*.test-d.ts"], tsconfig: "tsconfig.typetest.json", ignoreSourceErrors: true },
  },
});
