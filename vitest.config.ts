import { availableParallelism } from "node:os";
import { configDefaults, defineConfig } from "vitest/config";
import LongestFirst from "./scripts/longest-first.js";

declare module "vitest" {
  interface ProvidedContext {
    /** Whether this is `npm run test:long`: `inject("long")` says how large an instance of its law a test takes. */
    readonly long: boolean;
  }
}

const anywhere = (ending: string): string[] =>
  ["{packages,apps,examples,tools}/*/src", "experiments", "bench", "tests"].map((folder) => `${folder}/**/*${ending}`);

const alone = anywhere(".alone.test.ts");
const onlyLong = anywhere(".long.test.ts");
const long = process.env["SLUICE_LONG"] === "1";

/**
 * One run over every package, straight from the sources: no build comes before a test.
 *
 * Two files run at a time, or as many as there are cores but one. What `*.alone.test.ts` says depends on how much
 * time the machine has for it, so such files come last and one by one. `*.long.test.ts` run in `npm run test:long`
 * only, which sets SLUICE_LONG.
 */
export default defineConfig({
  // Threads and processes that a test starts resolve the same way: vitest hands the conditions on.
  ssr: { resolve: { conditions: ["@sluice/source", "module", "node", "development|production"] } },
  test: {
    // For what hangs. What is slow only because the machine is busy has not failed.
    testTimeout: 300_000,
    hookTimeout: 300_000,
    maxWorkers: Math.max(2, availableParallelism() - 1),
    provide: { long },
    setupFiles: ["scripts/property-tests/setup.js"],
    ...(process.env["SLUICE_SEEDS"] === undefined ? {} : { runner: "scripts/property-tests/runner.js" }),
    globalSetup: ["scripts/property-tests/announce.js"],
    sequence: { sequencer: LongestFirst },
    projects: [
      {
        extends: true,
        test: {
          name: "tests",
          include: anywhere(".test.ts"),
          exclude: [...configDefaults.exclude, ...alone, ...(long ? [] : onlyLong)],
          typecheck: {
            enabled: true,
            include: ["packages/*/src/**/*.test-d.ts"],
            tsconfig: "tsconfig.typetest.json",
            ignoreSourceErrors: true,
          },
        },
      },
      { extends: true, test: { name: "alone", include: alone, fileParallelism: false } },
    ],
  },
});
