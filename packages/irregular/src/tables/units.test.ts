import { valuesOf, type ArrayTensor } from "@sluice/tensor";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { fromCsv, fromJsonLines, fromRecords, reportLines, type CsvOptions, type FromRecords } from "../index.ts";

const list = (x: ArrayTensor): number[] => [...valuesOf(x)];
const time = { unit: "hours" } as const;
const long: CsvOptions = { layout: "long", time };
const problemsOf = ({ report }: FromRecords): string[] =>
  report.problems.map(({ fault, line, text }) => `line ${line}, ${fault}: ${text}`);

const glucose = { name: "glucose", unit: "mmol/l" };
const conversions = {
  glucose: { "mg/dl": { factor: 0.0555 } },
  temperature: { F: { factor: 5 / 9, offset: -160 / 9 } },
};

describe("a unit for each record", () => {
  const text = [
    "id,time,variable,value,unit",
    "a,0,glucose,5.5,mmol/l",
    "a,1,glucose,90, mg/dl ",
    "a,2,temperature,98.6,F",
    "a,3,temperature,37,C",
    "a,4,glucose,1,g/l",
    "a,5,glucose,7,",
    "a,6,glucose,1e308,mg/dl",
  ].join("\n");
  const options: CsvOptions = { ...long, variables: [glucose, { name: "temperature", unit: "C" }], conversions };

  test("is that of the variable, or converted, or reported with its line", () => {
    const result = fromCsv(text, options);
    const { values, mask, variables } = result.observations;
    expect(variables).toEqual([glucose, { name: "temperature", unit: "C" }]);
    const observed = list(values).filter((_, i) => mask.data[i] === 1);
    expect(observed).toEqual([5.5, 90 * 0.0555, 98.6 * (5 / 9) - 160 / 9, 37, 1e308 * 0.0555]);
    // 98.6 F is 37 C; the factors are not exact.
    expect(observed[2]).toBeCloseTo(37, 12);
    expect(problemsOf(result)).toEqual([
      'line 6, unit: the unit of glucose is "g/l", expected mmol/l; declare it in conversions',
      'line 7, unit: the unit of glucose is "", expected mmol/l; declare it in conversions',
    ]);
    expect(result.report.converted).toEqual([
      { variable: "glucose", from: "mg/dl", to: "mmol/l", count: 2 },
      { variable: "temperature", from: "F", to: "C", count: 1 },
    ]);
    expect(reportLines(result.report)).toContain("converted: 2 of glucose, from mg/dl to mmol/l");
  });

  test("a converted value that is not finite is reported", () => {
    const huge = { glucose: { "mg/dl": { factor: 1e10 } } };
    const result = fromCsv("id,time,variable,value,unit\na,0,glucose,1e300,mg/dl\n", {
      ...options,
      conversions: huge,
    });
    expect(problemsOf(result)).toEqual(["line 2, value: glucose is 1e+300 mg/dl, too large in mmol/l"]);
  });

  test("of a variable that declares none, it is the unit of its values, which must be one", () => {
    const lines = "id,time,variable,value,unit\na,0,x,1,kg\na,1,x,2,kg\na,0,ph,7.4,\n";
    expect(fromCsv(lines, long).observations.variables).toEqual([{ name: "ph" }, { name: "x", unit: "kg" }]);
    expect(() => fromCsv(`${lines}a,2,x,4,lb\n`, long)).toThrow(
      'fromCsv: x is in "kg" in line 2 and is in "lb" in line 5; name the unit that you want in variables, and convert',
    );
    expect(() => fromCsv(`${lines}a,2,x,4,\n`, long)).toThrow('x is in "kg" in line 2 and has no unit in line 5');
  });

  test("in another column, in JSON lines and in records", () => {
    const given = { ...options, columns: { unit: "u" } };
    expect(fromCsv(text.replace("unit", "u"), given)).toEqual(fromCsv(text, options));
    expect(() => fromCsv(text, given)).toThrow('fromCsv: no column is called "u"; set columns.unit; known: id');
    const objects = text
      .split("\n")
      .slice(1)
      .map((line) => {
        const [id, at, variable, value, unit] = line.split(",");
        return { id: id!, time: Number(at), variable: variable!, value: Number(value), unit: unit! };
      });
    const fromJson = fromJsonLines(objects.map((object) => JSON.stringify(object)).join("\n"), options);
    expect(fromJson.observations).toEqual(fromCsv(text, options).observations);
    const { time: at, variables } = options;
    expect(fromRecords(objects, { time: at, variables: variables!, conversions }).observations).toEqual(
      fromJson.observations,
    );
    // A line without the member says no unit, in a table that has them.
    const without =
      '{"id":"a","time":1,"variable":"glucose","value":1,"unit":"mmol/l"}\n{"id":"a","time":2,"variable":"glucose","value":2}';
    expect(problemsOf(fromJsonLines(without, options))[0]).toMatch(/^line 2, unit: the unit of glucose is ""/);
  });

  test("the unit of a heading is converted too", () => {
    const given: CsvOptions = {
      ...long,
      layout: "wide",
      variables: [glucose],
      conversions: { glucose: conversions.glucose },
    };
    const { observations, report } = fromCsv("id,time,glucose [mg/dl]\na,0,100\n", given);
    expect(list(observations.values)).toEqual([100 * 0.0555]);
    expect(report.converted).toEqual([{ variable: "glucose", from: "mg/dl", to: "mmol/l", count: 1 }]);
  });

  test.each<[string, object, string]>([
    [
      "a variable without a unit",
      { variables: ["x"], conversions: { x: { lb: { factor: 1 } } } },
      'conversions has "x", which has no unit to convert to',
    ],
    [
      "a variable that is not there",
      { conversions: { y: {} } },
      'conversions has "y", which has no unit to convert to',
    ],
    ["a number", { conversions: 3 }, "conversions is 3, expected an object, such as { glucose:"],
    [
      "no units",
      { variables: [glucose], conversions: { glucose: 2 } },
      "conversions of glucose is 2, expected such as",
    ],
    [
      "no factor",
      { variables: [glucose], conversions: { glucose: { g: {} } } },
      "conversions of glucose from g: factor is undefined",
    ],
    [
      "a factor of 0",
      { variables: [glucose], conversions: { glucose: { g: { factor: 0 } } } },
      "factor is 0 and offset 0",
    ],
    ["another member", { variables: [glucose], conversions: { glucose: { g: { times: 2 } } } }, "unknown option times"],
  ])("refused: %s", (_, given, message) => {
    expect(() => fromRecords([], { time, ...given })).toThrow(message);
  });
});

describe("decimal commas", () => {
  const german: CsvOptions = { layout: "wide", time, delimiter: ";", decimal: "," };

  test("in values and times, with semicolons or tabs", () => {
    const text = "id;time;x\na;0,5;1,25\na;1;-,5e1\na;1,5;+3,\na;2;1.5\na;3;1.234,5\na;4;1,2,3\n";
    const result = fromCsv(text, german);
    expect(list(result.observations.times)).toEqual([0.5, 1, 1.5]);
    expect(list(result.observations.values)).toEqual([1.25, -5, 3]);
    expect(problemsOf(result).map((problem) => problem.slice(0, 21))).toEqual(
      [5, 6, 7].map((line) => `line ${line}, value: x is "`),
    );
    expect(fromCsv(text.replaceAll(";", "\t"), { ...german, delimiter: "\t" })).toEqual(result);
  });

  test("any number is read with either mark, and with the wrong one never", () => {
    fc.assert(
      fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), (x) => {
        const read = (value: string, decimal: "." | ","): number[] =>
          list(fromRecords([{ id: "a", time: 0, variable: "x", value }], { time, decimal }).observations.values);
        const comma = String(x).replace(".", ",");
        expect(read(comma, ",")).toEqual([x + 0]);
        if (comma.includes(",")) {
          expect(read(comma, ".")).toEqual([]);
          expect(read(String(x), ",")).toEqual([]);
        }
      }),
    );
  });

  test("another mark is refused", () => {
    expect(() => fromCsv("", { ...german, decimal: "'" as "," })).toThrow(
      'fromCsv: decimal is "\'", expected "." or ","',
    );
  });
});
