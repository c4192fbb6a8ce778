// Of vitest, for `npm run test:seeds`: runs every property test once for each seed, and says at once which seeds fail.
import fc from "fast-check";
import { TestRunner } from "vitest";
import { count, seedAt } from "./seeds.js";

export default class SeedsRunner extends TestRunner {
  #attempt = 0;
  #hasProperties = false;

  constructor(config) {
    super(config);
    fc.installGlobalPlugin(fc.beforeEach(() => void (this.#hasProperties = true)));
  }

  async onBeforeRunTask(test) {
    await super.onBeforeRunTask(test);
    test.repeats = count - 1;
    this.#hasProperties = false;
  }

  onBeforeTryTask(test, attempt) {
    super.onBeforeTryTask(test, attempt);
    this.#attempt = attempt.repeats;
    fc.configureGlobal({ ...fc.readConfigureGlobal(), seed: seedAt(attempt.repeats) });
  }

  /** A test without properties is the same for every seed: once is enough. */
  async runTask(test) {
    if (this.#attempt > 0 && !this.#hasProperties) return;
    try {
      await TestRunner.getTestFn(test)();
    } catch (error) {
      const [, seed = seedAt(this.#attempt), path = "?"] = /seed: (-?\d+), path: "([^"]*)"/.exec(error.message) ?? [];
      console.error(`FAILED ${test.file.name} > ${test.name}: seed ${seed}, path ${path}`);
      throw error;
    }
  }
}
