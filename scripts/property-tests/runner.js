// Of vitest, for `npm run test:seeds`: runs every property test once for each seed, and says at once which seeds fail.
import fc from "fast-check";
import { TestRunner } from "vitest";
import { count, part, seedAt } from "./seeds.js";

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

  /**
   * Of the cases of a property, every `part`-th is run. The others are drawn and skipped, so a seed and a path name the
   * same case as in `npm test`. Each seed begins one case later than the seed before: `part` seeds run a case of every
   * number, and the examples that come first. After a failure every case is run, so that it can be shrunk.
   */
  #casesOfThisSeed() {
    const { meta } = this.#test;
    const first = this.#attempt % part;
    let [drawn, failed] = [0, false];
    const after = (outcome) => {
      failed ||= outcome !== null && !fc.PreconditionFailure.isFailure(outcome);
      return outcome;
    };
    return {
      decorateRun: (run) => (value) => {
        if (!failed && drawn++ % part !== first) return null;
        meta.cases = (meta.cases ?? 0) + 1;
        const outcome = run(value);
        return outcome instanceof Promise ? outcome.then(after) : after(outcome);
      },
    };
  }
}
