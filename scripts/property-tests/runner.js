// A vitest runner for `npm run test:seeds`: runs every property test once per seed, and prints failing seeds at once.
import fc from "fast-check";
import { TestRunner } from "vitest";
import { count, part, seedAt } from "./seeds.js";

const leftOut = new fc.Value({ leftOut: true }, undefined);

export default class SeedsRunner extends TestRunner {
  #attempt = 0;
  #hasProperties = false;
  #test;

  constructor(config) {
    super(config);
    fc.installGlobalPlugin(() => {
      this.#hasProperties = true;
      return this.#casesOfThisSeed();
    });
  }

  async onBeforeRunTask(test) {
    await super.onBeforeRunTask(test);
    test.repeats = count - 1;
    this.#hasProperties = false;
    this.#test = test;
  }

  onBeforeTryTask(test, attempt) {
    super.onBeforeTryTask(test, attempt);
    this.#attempt = attempt.repeats;
    fc.configureGlobal({ ...fc.readConfigureGlobal(), seed: seedAt(attempt.repeats) });
  }

  /** A test without properties does not depend on the seed, so it runs once. */
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

  /**
   * Runs the first case of a property and every `part`-th after it; the others are not even drawn. The generator jumps
   * to each case separately, so a seed and a path name the same case as in `npm test`. Examples and shrunk failures
   * always run. A property that is given a path runs unchanged.
   */
  #casesOfThisSeed() {
    const { meta } = this.#test;
    let hasPath;
    return {
      decorateGenerate: (generate) => (random, number) => {
        hasPath ??= number !== 0;
        return hasPath || number % part === 0 ? generate(random, number) : leftOut;
      },
      decorateRun: (run) => (value) => {
        if (value === leftOut.value) return null;
        meta.cases = (meta.cases ?? 0) + 1;
        return run(value);
      },
    };
  }
}
