import { expect, test } from "vitest";
import { cumulativeSum, iota, key, scalar, tensor, uniform, variance } from "./index.ts";
import { checkOptions, nearest, suggestion } from "./internal.ts";

test("an unknown option is named with the nearest known one", () => {
  expect(() => checkOptions("gru", { hiden: 3 }, ["input", "hidden"])).toThrow(
    "gru: unknown option hiden; did you mean hidden?",
  );
  expect(() => checkOptions("gru", { units: 3 }, ["input", "hidden"], { units: "hidden" })).toThrow(
    "gru: unknown option units; did you mean hidden?",
  );
  expect(() => checkOptions("gru", { input: 3 }, ["input", "hidden"])).not.toThrow();
});

test("an exchange of neighbouring letters is one edit", () => {
  expect(nearest("lenghts", ["length", "lengths"])).toBe("lengths");
});

test("a name that is near to nothing gets the list", () => {
  expect(nearest("momentum", ["input", "hidden"])).toBeUndefined();
  expect(suggestion("momentum", ["input", "hidden"])).toBe("known: input, hidden");
  expect(suggestion("momentum", [])).toBe("there are none");
});

test("a name that only shares a letter or two is no slip", () => {
  expect(suggestion("max", ["mean", "last"])).toBe("known: mean, last");
  expect(suggestion("c", ["h"])).toBe("known: h");
  expect(suggestion("rest", ["reset", "update"])).toBe("did you mean reset?");
});

test("an inherited property is no alias", () => {
  expect(suggestion("toString", ["input"])).toBe("known: input");
});

test.each<[string, unknown, string]>([
  ["a number", 0.5, "got 0.5"],
  ["null", null, "got null"],
  ["a word", "all", 'got "all"'],
  ["a list", [1], "got [1]"],
  ["a typed array", new Float32Array(1), "got a Float32Array"],
  ["a tensor", scalar(1), "got a tensor []"],
  ["a function uncalled", checkOptions, "got the function checkOptions; call it"],
])("options that are %s are no options", (_, given, message) => {
  expect(() => Reflect.apply(checkOptions, undefined, ["gru", given, ["input", "hidden"]])).toThrow(
    `gru: expected an object of options, such as { input }, ${message}; known: input, hidden`,
  );
});

const given = (options: object): object => options;
const x = tensor([1, 2]);

test.each<[string, () => unknown, string]>([
  ["tensor", () => tensor([1], [1], given({ dtpye: "f64" })), "tensor: unknown option dtpye; did you mean dtype?"],
  [
    "variance",
    () => variance(x, 0, given({ keepdims: true })),
    "variance: unknown option keepdims; did you mean keep?",
  ],
  [
    "cumulativeSum",
    () => cumulativeSum(x, 0, given({ revers: true })),
    "cumulativeSum: unknown option revers; did you mean reverse?",
  ],
  ["iota", () => iota([2], given({ axes: 0 })), "iota: unknown option axes; did you mean axis?"],
  ["uniform", () => uniform(key(1), [1], given({ minval: 0 })), "uniform: unknown option minval; did you mean low?"],
])("%s looks at all of its options", (_, run, message) => {
  expect(run).toThrow(message);
});
