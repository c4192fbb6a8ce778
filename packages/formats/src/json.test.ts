import * as fc from "fast-check";
import { expect, test } from "vitest";
import { parseJson } from "./index.ts";

test("any value without a member twice is that of JSON.parse", () => {
  fc.assert(
    fc.property(fc.json({ maxDepth: 4 }), fc.constantFrom(undefined, 2, "\t"), (text, space) => {
      const value: unknown = JSON.parse(text);
      expect(parseJson(JSON.stringify(value, null, space))).toEqual(value);
    }),
  );
});

test.each([
  ['{"a":1,"a":2}', "a"],
  ['[{"a":1},{"a":[{"b":{},"c":"{", "b" : 0}]}]', "b"],
  ['{"a\\"b":":","c":{"a\\"b":1},"a\\u0022b":3}', 'a"b'],
  ['{"":1,"x":{},"":1}', ""],
])("%s has a member twice", (text, name) => {
  expect(() => parseJson(text)).toThrow(new SyntaxError(`an object has the member ${JSON.stringify(name)} twice`));
});

test.each(["", "{", '{"a":1,}', "[1 2]", "{'a':1}", "NaN"])("%j is not JSON", (text) => {
  expect(() => parseJson(text)).toThrow(SyntaxError);
});
