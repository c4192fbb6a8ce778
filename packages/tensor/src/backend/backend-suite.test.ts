// The reference backend passes what every backend must, and the suite finds one that does not.
import { describe, expect, test } from "vitest";
import * as t from "../index.ts";
import { backendSuite } from "../testing/index.ts";

describe("the reference backend", () => {
  for (const { name, run } of backendSuite(() => t.reference(), { runs: 3, programTolerance: 0 })) test(name, run);
});

/** A backend that does something to every executable. */
const broken = (change: (executable: t.Executable) => Partial<t.Executable>, options = {}) => {
  const open = (): t.Backend => {
    const backend = t.reference();
    return {
      ...backend,
      async compile(program, compileOptions) {
        const executable = await backend.compile(program, compileOptions);
        return { ...executable, ...change(executable) };
      },
    };
  };
  return (name: string) =>
    backendSuite(open, options)
      .find((law) => law.name === name)!
      .run();
};

const times = (factor: number) =>
  broken(
    ({ run }) => ({
      run: async (inputs) => (await run(inputs)).map((y) => ({ ...y, data: y.data.map((v) => v * factor) })),
    }),
    factor === 2 ? {} : { tolerance: 1e-6 },
  );

test("results that are off are found, unless within the tolerance", async () => {
  await expect(times(2)("add has the reference's values")).rejects.toThrow("add");
  await expect(times(1 + 2 ** -22)("tanh has the reference's values")).resolves.toBeUndefined();
  await expect(times(1 + 2 ** -18)("tanh has the reference's values")).rejects.toThrow(
    /tanh: results are .* more than/,
  );
  await expect(times(2)("a loop and its gradient have the reference's values")).rejects.toThrow("from the reference");
});

test("a zero of the other sign is not the same bits", async () => {
  const positive = broken(({ run }) => ({
    run: async (inputs) => (await run(inputs)).map((y) => ({ ...y, data: y.data.map((v) => v + 0) })),
  }));
  await expect(positive("ceil has the reference's values")).rejects.toThrow("ceil: results are");
});

test("state that is lost, arrays that are kept, and errors that are none are found", async () => {
  const forgetful = broken(({ writeState }) => ({
    writeState: (values) => writeState(values.map((v) => t.zerosLike(v))),
  }));
  await expect(forgetful("state that is written is what the next run reads")).rejects.toThrow("the run: [[0,0]]");
  let kept: t.ArrayTensor[] | undefined;
  const keeping = broken(({ readState }) => ({ readState: async () => (kept ??= await readState()) }));
  await expect(keeping("arrays belong to the caller before a call and after it")).rejects.toThrow("expected [[5,6]]");
  const lenient = broken(({ run }) => ({ run: async (inputs) => (inputs.length === 0 ? [] : run(inputs)) }));
  await expect(lenient("inputs and states that do not fit are errors, and leave the state as it was")).rejects.toThrow(
    "too few arrays: is accepted",
  );
});

test("laws are left out by name, with a reason", () => {
  const name = "runs of one executable are queued";
  const laws = backendSuite(() => t.reference(), { except: { [name]: "one at a time" } });
  expect(laws.filter(({ skip }) => skip !== undefined).map((law) => [law.name, law.skip])).toEqual([
    [name, "one at a time"],
  ]);
  expect(() => backendSuite(() => t.reference(), { except: { queued: "" } })).toThrow("backendSuite: no law queued");
});
