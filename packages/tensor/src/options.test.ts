import { expect, test } from "vitest";
import { checkOptions, nearest, suggestion } from "./index.ts";

test("an unknown option is named with the nearest known one", () => {
  expect(() => checkOptions("gru", { hiden: 3 }, ["input", "hidden"])).toThrow("gru: unknown option hiden; did you mean hidden?");
  expect(() => checkOptions("gru", { units: 3 }, ["input", "hidden"], { units: "hidden" })).toThrow("gru: unknown option units; did you mean hidden?");
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

test("an inherited property is no alias", () => {
  expect(suggestion("toString", ["input"])).toBe("known: input");
});
