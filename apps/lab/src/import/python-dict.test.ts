import { expect, test } from "vitest";
import { pythonDict } from "./python-dict.ts";

// Each text is what Python 3.12 prints for the dictionary.
test.each<[string, object | null]>([
  ["{'rate': 1e-05, 'bias': True, 'norm': None}", { rate: 1e-5, bias: true, norm: null }],
  [`{"it's": 'a "word"', 'both': 'it\\'s a "word"'}`, { "it's": 'a "word"', both: `it's a "word"` }],
  ["{'a': {'b': [1, (2, 3)], 'c': (4,)}, 'd': ()}", { a: { b: [1, [2, 3]], c: [4] }, d: [] }],
  ["{'x': nan, 'y': inf, 'z': -inf}", { x: "NaN", y: "Infinity", z: "-Infinity" }],
  ["{'path': 'C:\\\\runs\\n', 'x': 'True, (None,]'}", { path: "C:\\runs\n", x: "True, (None,]" }],
  ["{'x': '\\x1b[0m'}", { x: "\u001b[0m" }],
  ["{}", {}],
  ["{'when': datetime.date(2026, 3, 1)}", null],
  ["{1, 2}", null],
  ["[1, 2]", null],
  ["{'a': 1", null],
])("%s", (text, expected) => {
  expect(pythonDict(text)).toEqual(expected);
});
