import { valuesOf } from "@sluice/tensor";
import { expect, test } from "vitest";
import { fromCsv, labelsOf, takeRows } from "../index.ts";

const { observations } = fromCsv(
  "id,time,age,outcome,x\na,0,50,worse,1\nb,0,60,better,2\nc,0,70,,3\nd,0,80,worse,4\n",
  {
    layout: "wide",
    time: { unit: "hours" },
    variables: ["x"],
    statics: ["age", { name: "outcome", categories: ["better", "worse"] }],
  },
);

test("the classes of the rows, in their order", () => {
  const labels = labelsOf(takeRows(observations, [3, 1, 0]), "outcome");
  expect([labels.dtype, labels.shape, [...valuesOf(labels)]]).toEqual(["i32", [3], [1, 0, 1]]);
});

test("an unknown class is an error, and no class", () => {
  expect(() => labelsOf(observations, "outcome")).toThrow(
    'labelsOf: "outcome" is unknown in 1 of 4 rows, such as "c"; leave them out with takeRows',
  );
});

test.each([
  ["outcom", 'labelsOf: no static variable is called "outcom"; did you mean outcome?'],
  ["x", 'labelsOf: no static variable is called "x"; known: age, outcome'],
  ["age", 'labelsOf: "age" has no categories; name them where the table is read, as in statics: [{ name: "age",'],
])("%s is refused", (name, message) => {
  expect(() => labelsOf(observations, name)).toThrow(message);
});
