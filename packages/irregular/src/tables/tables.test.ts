import { valuesOf, type ArrayTensor } from "@sluice/tensor";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  fromCsv,
  fromJsonLines,
  fromRecords,
  observedCount,
  type CsvOptions,
  type FromRecords,
  type ObservedRecord,
  type TableOptions,
} from "../index.ts";

const list = (x: ArrayTensor): number[] => [...valuesOf(x)];
const time = { unit: "hours" } as const;
const wide: CsvOptions = { layout: "wide", time };
const long: CsvOptions = { layout: "long", time };

const problemsOf = ({ report }: FromRecords): string[] =>
  report.problems.map(({ fault, line, text }) => `line ${line}, ${fault}: ${text}`);

/** All numbers of a data set that were read, the times included. */
const numbersOf = ({ observations: { times, values, mask, statics } }: FromRecords): number[] => [
  ...list(times),
  ...list(values).filter((_, i) => mask.data[i] === 1),
  ...list(statics.values).filter((_, i) => statics.mask.data[i] === 1),
];

test("a wide table, with units in the header, empty cells, quotes and CRLF", () => {
  const text = [
    '\uFEFFid,sex,time (minutes),heart rate [bpm],"weight, dry [kg]",note',
    'b,f,90,80,"71.5","said ""no"""',
    "",
    "b,f,30,,NA,",
    'a,m,0,,,"two\nlines"',
    "a,m,60,95,.5,",
    "",
  ].join("\r\n");
  const { observations, report } = fromCsv(text, {
    ...wide,
    variables: ["heart rate", "weight, dry"],
    statics: [{ name: "sex", categories: ["f", "m"] }],
  });
  expect(observations.ids).toEqual(["a", "b"]);
  expect(observations.variables).toEqual([
    { name: "heart rate", unit: "bpm" },
    { name: "weight, dry", unit: "kg" },
  ]);
  expect([list(observations.offsets), list(observations.times)]).toEqual([
    [0, 1, 2],
    [1, 1.5],
  ]);
  expect(list(observations.values)).toEqual([95, 0.5, 80, 71.5]);
  expect(list(observations.statics.values)).toEqual([1, 0]);
  expect(report).toEqual({
    read: 12,
    kept: 6,
    empty: 4,
    repeated: 2,
    problems: [],
    time: { format: "number", recognised: true, unit: "hours" },
    converted: [],
    unused: ["note"],
  });
});

test("a long table; its lines are named, beyond lines in quotes too", () => {
  const text = 'day;test;value;patient;lab\n0;hdl;75.0;1;"A\nB"\n3;hdl;high;1;A\n3;ldl;80\n4;ldl;80;2;A\n';
  const result = fromCsv(text, {
    layout: "long",
    delimiter: ";",
    time: { unit: "days" },
    columns: { id: "patient", time: "day", variable: "test" },
  });
  expect(result.observations).toMatchObject({ ids: ["1", "2"], variables: [{ name: "hdl" }, { name: "ldl" }] });
  expect(list(result.observations.values)).toEqual([75, NaN, NaN, 80]);
  expect(problemsOf(result)).toEqual([
    'line 4, value: hdl is "high", expected a finite number',
    "line 5, line: it has 3 cells, but the header has 5",
  ]);
  expect(result.report).toMatchObject({ read: 4, kept: 2, unused: ["lab"] });
});

test.each(["\n", "\r\n", "\r"])("line ends %j, and mixed ones", (end) => {
  const lines = ["id,time,x", "a,1,2", "a,2,3", "a,3,oops"];
  const result = fromCsv(lines.join(end), wide);
  expect(list(result.observations.values)).toEqual([2, 3]);
  expect(problemsOf(result)).toEqual(['line 4, value: x is "oops", expected a finite number']);
  expect(fromCsv(`${lines[0]}\n${lines.slice(1).join(end)}`, wide)).toEqual(result);
});

test("a row without any value stays, and a table of static values needs no time", () => {
  const { observations } = fromCsv("id,time,x\na,1,\nb,1,2\n", wide);
  expect([observations.ids, list(observations.offsets)]).toEqual([
    ["a", "b"],
    [0, 0, 1],
  ]);
  const outcomes = fromCsv("id,death\na,0\nb,1\n", { ...wide, variables: [], statics: ["death"] });
  expect(list(outcomes.observations.statics.values)).toEqual([0, 1]);
  expect(list(outcomes.observations.offsets)).toEqual([0, 0, 0]);
});

describe("the unit of the time", () => {
  const timesOf = (heading: string, options: CsvOptions["time"]): number[] =>
    list(fromCsv(`id,${heading},x\na,36,1\n`, { ...wide, time: options }).observations.times);
  test("may be in the header", () => {
    expect(timesOf("time [h]", { unit: "days" })).toEqual([1.5]);
    expect(timesOf("time", { unit: "days" })).toEqual([36]);
    expect(timesOf("time (Hours)", { unit: "days", numbersIn: "hours" })).toEqual([1.5]);
  });
  test("must be known, and the one that is given", () => {
    expect(() => timesOf("time [shifts]", { unit: "days" })).toThrow(
      'fromCsv: the heading "time [shifts]" says that times are in "shifts"; set time.numbersIn to a unit of time',
    );
    expect(() => timesOf("time [min]", { unit: "days", numbersIn: "hours" })).toThrow("but time.numbersIn is hours");
  });
});

test("JSON lines, long and wide, give what a table gives", () => {
  const members = '{"id":"a","time":1,"x":2,"y":null}\n\n{"time":"2","id":"a","y":3,"z":{"deep":1}}\r\n';
  const result = fromJsonLines(members, wide);
  expect(result.observations.variables.map(({ name }) => name)).toEqual(["x", "y", "z"]);
  expect(list(result.observations.values)).toEqual([2, NaN, NaN, NaN, 3, NaN]);
  expect(problemsOf(result)).toEqual(["line 3, value: z is an object of deep, expected a finite number"]);
  expect(result.report).toMatchObject({ read: 4, kept: 2, empty: 1 });
  const lines = '{"id":7,"time":1,"variable":"x","value":2}\n{"id":7,"time":2\n[1]\n{"id":7,"time":3,"variable":"x"}\n';
  const other = fromJsonLines(lines, long);
  expect(list(other.observations.values)).toEqual([2]);
  expect(problemsOf(other)).toEqual([
    'line 2, line: it is not JSON: "{\\"id\\":7,\\"time\\":2"',
    "line 3, line: it is [1], expected an object",
    "line 4, empty: x has no value (undefined)",
  ]);
});

/** A cell of CSV. */
const quoted = (text: string): string => (/[",\r\n]|^\s|\s$/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);

test("records written as CSV, wide or long, and as JSON lines are the records", () => {
  const name = fc.stringMatching(/^[a-z,"\n é]{1,4}[a-z]$/);
  const written = fc
    .tuple(
      fc.uniqueArray(name, { minLength: 1, maxLength: 3 }),
      fc.uniqueArray(fc.record({ id: name, time: fc.integer({ min: -5, max: 5 }), variable: fc.nat({ max: 2 }) }), {
        selector: (record) => JSON.stringify(record),
        maxLength: 15,
      }),
      fc.array(fc.double({ noNaN: true, noDefaultInfinity: true }), { minLength: 15, maxLength: 15 }),
    )
    .map(([names, places, values]) => ({
      names: names.map((text) => text.trim()).filter((text, i, all) => all.indexOf(text) === i),
      places,
      values,
    }))
    .map(({ names, places, values }) => ({
      names,
      records: places
        .filter(({ variable }) => variable < names.length)
        .map(({ id, time: at, variable }, i): ObservedRecord => ({
          id: id.trim(),
          time: at,
          variable: names[variable]!,
          value: values[i]!,
        }))
        .filter(
          ({ id, time: at, variable }, i, all) =>
            all.findIndex((o) => o.id === id && o.time === at && o.variable === variable) === i,
        ),
    }));
  fc.assert(
    fc.property(written, ({ names, records }) => {
      const all = { time: { unit: "hours", format: "number" } as const, variables: names };
      const { observations } = fromRecords(records, all);
      expect(observedCount(observations)).toBe(records.length);
      const csv = ["id,time,variable,value"].concat(
        records.map(({ id, time: at, variable, value }) => [id, at, variable, value].map(String).map(quoted).join(",")),
      );
      expect(fromCsv(csv.join("\n"), { ...all, layout: "long" }).observations).toEqual(observations);
      const cells = [
        ["id", "time", ...names],
        ...records.map(({ id, time: at, variable, value }) => [
          String(id),
          String(at),
          ...names.map((other) => (other === variable ? String(value) : "")),
        ]),
      ];
      const table = cells.map((row) => row.map(quoted).join(",")).join("\r\n");
      expect(fromCsv(table, { ...all, layout: "wide", unitsInHeader: false }).observations).toEqual(observations);
      const json = records.map((record) => JSON.stringify(record)).join("\n");
      if (records.length > 0)
        expect(fromJsonLines(json, { ...all, layout: "long" }).observations).toEqual(observations);
    }),
  );
});

describe("malformed input gives an error or a report with the line, and no number that is not there", () => {
  /** Cells that hold no number. */
  const cells = [
    ..."0x10 0b11 1e999 -1e999 Infinity 1,5 1.2.3 1_000 1'000 12mg $5 5% <5 >200 ~3 +-1 --1 1- 1e e5 1e+ . - +".split(
      " ",
    ),
    ..."null1 NaN1 nil true false =1+1 #N/A #DIV/0! 1:30 1/2 ½ ١٢ 1²  １２ ∞ −5 1e5.5 0o7 1n abc [] {} 1;2".split(" "),
    "1 2",
    "1\u00002",
    "1\n2",
    'say "5"',
    "5\\",
  ].filter((cell) => cell !== "");

  test.each(cells.map((cell) => [cell]))("cell %j", (cell) => {
    const before = "id,time,x\na,1,10\n";
    const result = fromCsv(`${before}a,2,${quoted(cell)}\na,3,30\n`, wide);
    expect(numbersOf(result).toSorted((a, b) => a - b)).toEqual([1, 3, 10, 30]);
    expect(result.report.problems).toHaveLength(1);
    // A cell over two lines begins in line 3.
    expect(result.report.problems[0]).toMatchObject({ fault: "value", line: 3 });
    const asTime = fromCsv(`${before}a,${quoted(cell)},20\na,3,30\n`, { ...wide, time: { ...time, format: "number" } });
    expect(asTime.report.problems).toMatchObject([{ fault: "time", line: 3 }]);
    expect(numbersOf(asTime).toSorted((a, b) => a - b)).toEqual([1, 3, 10, 30]);
    const json = `{"id":"a","time":1,"x":10}\n{"id":"a","time":2,"x":${JSON.stringify(cell)}}\n`;
    expect(fromJsonLines(json, wide).report.problems).toMatchObject([{ fault: "value", line: 2 }]);
  });

  const lines: readonly (readonly [string, string])[] = [
    ["too few cells", "a,2"],
    ["too many cells", "a,2,20,4"],
    ["a decimal comma", "a,2,1,5"],
    ["another delimiter", "a;2;20"],
    ["tabs", "a\t2\t20"],
    ["a comment", "# comment"],
    ["one cell", "a"],
    ["only delimiters", ",,,"],
    ["a rule", "---"],
    ["a total", "total: 3"],
    ["no id", ",2,20"],
    ["no time", "a,,20"],
    ["a missing id", "NA,2,20"],
    ["a missing time", "a,NA,20"],
    ["a second header", "id,time,x"],
    ["quoted as one", '"a,2,20"'],
    ["a JSON object", "{a:2}"],
  ];
  test.each(lines)("line: %s", (_, line) => {
    const result = fromCsv(`id,time,x\na,1,10\n${line}\na,3,30\n`, wide);
    expect(numbersOf(result).toSorted((a, b) => a - b)).toEqual([1, 3, 10, 30]);
    expect(result.report.problems.map(({ line: n }) => n)).toEqual([3]);
  });

  const texts: readonly (readonly [string, string, string])[] = [
    ["empty", "", "fromCsv: the text is empty, expected a header line"],
    ["blank", " \n\r\n", "fromCsv: the text is empty, expected a header line"],
    ["an open quote", 'id,time,x\na,1,10\na,2,"20\na,3,30\n', "fromCsv: line 3: a quote is opened and never closed"],
    ["an open quote in the header", 'id,"time,x\na,1,10\n', "fromCsv: line 1: a quote is opened and never closed"],
    ["text after a quote", 'id,time,x\na,1,"10" mg\n', "fromCsv: line 2: Invalid Closing Quote"],
    ["a quote inside a cell", 'id,time,x\na,1,10\na,2,5"\na,3,30', "fromCsv: line 3: Invalid Opening Quote"],
    ["a quote after a space", 'id,time,x\na,1, "10"\n', "fromCsv: line 2: Invalid Opening Quote"],
    ["no heading", "id,time,,x\n", "fromCsv: column 3 has no heading"],
    ["a heading twice", "id,time,x,x\n", 'fromCsv: two columns are called "x"'],
    ["a heading with two units", "id,time,x [a],x [b]\n", "set unitsInHeader: false"],
    ["no header", "a,1,10\na,2,20\n", 'fromCsv: no column is called "id"; set columns.id; known: a, 1, 10'],
    ["another name", "ID,time,x\n", 'fromCsv: no column is called "id"; set columns.id; did you mean ID?'],
    ["tabs", "id\ttime\tx\na\t1\t10\n", 'has no ",", but "\\t"; set delimiter: "\\t"'],
    [
      "semicolons, and quotes in another place",
      '\uFEFFid;time;x\na;1,5;"1,0"\n"b; c";1;1\n',
      'fromCsv: the header "id;time;x" has no ",", but ";"; set delimiter: ";"',
    ],
    ["UTF-16", "i\0d\0,\0t\0i\0m\0e\0\n", 'fromCsv: no column is called "id"'],
    ["no time", "id,time,x\na,noon,1\nb,dusk,2\n", 'fromCsv: none of 2 times can be read, such as "noon" in line 2'],
    ["a contradiction", "id,time,x\na,1,2\na,1,3\n", 'x of "a" at 1 is 2 in line 2 and 3 in line 3; choose a rule'],
  ];
  test.each(texts)("text: %s", (_, text, message) => {
    expect(() => fromCsv(text, wide)).toThrow(message);
  });

  const json = [
    ...'nul tru {} [] 1 \'a\' undefined NaN {\'id\':1} {id:1} {"id":1,} {"id":"a"'.split(" "),
    '"text"',
    '{"id":"a","time":01,"x":1}',
    '{"id":"a","time":1,"x":+1}',
    '{"id":"a","time":1,"x":1.}',
    '{"id":"a","time":1,"x":0x1}',
    '{"id":"a","time":1,"x":NaN}',
    '{"id":"a","time":1,"x":1}{"id":"a","time":2,"x":2}',
    '{"id":["a"],"time":1,"x":1}',
    '{"id":"a","time":[1],"x":1}',
    '{"id":"a","time":1,"x":[1]}',
    '{"id":"a","time":true,"x":1}',
    '{"id":"a","time":1,"x":true}',
    '{"id":"a","time":1,"x":1e999}',
    '{"time":1,"x":1}',
    '{"id":"a","x":1}',
  ];
  test.each(json.map((line) => [line]))("JSON line %s", (line) => {
    const result = fromJsonLines(`{"id":"a","time":5,"x":10}\n${line}\n`, wide);
    expect(numbersOf(result)).toEqual([5, 10]);
    // An empty object says nothing, so there is nothing to report.
    expect(result.report.problems.map(({ line: n }) => n)).toEqual(line === "{}" ? [] : [2]);
  });

  test("a member of a JSON line twice", () => {
    const result = fromJsonLines('{"id":"a","time":5,"x":10}\n{"id":"a","time":6,"x":1,"x":2}\n', wide);
    expect(numbersOf(result)).toEqual([5, 10]);
    expect(problemsOf(result)).toEqual(['line 2, line: an object has the member "x" twice']);
  });

  test("errors name the file, if it is given", () => {
    const named = { ...wide, file: "vitals.csv" };
    expect(() => fromCsv('id,time,x\na,1,"', named)).toThrow("fromCsv: vitals.csv: line 2: a quote is opened");
    expect(() => fromCsv("id,time,x\na,noon,1\n", named)).toThrow(
      'fromCsv: vitals.csv: none of 1 times can be read, such as "noon" in line 2; expected numbers',
    );
    expect(() => fromJsonLines("{}", named)).toThrow('fromJsonLines: vitals.csv: no column is called "id"');
  });

  test("any damage: what is read stands in the text, and every cell is accounted for", () => {
    const alphabet = fc.constantFrom(...'0123456789.-e,;"\n\r xaé\0'.split(""));
    const damage = fc.array(fc.tuple(fc.nat({ max: 60 }), fc.nat({ max: 2 }), fc.array(alphabet, { maxLength: 3 })), {
      maxLength: 4,
    });
    const good = "id,time,x,y\na,1,10,1.5\na,2,20,-3\nb,1,30,\nb,40,2e3,7\n";
    fc.assert(
      fc.property(damage, (changes) => {
        const text = changes.reduce(
          (before, [at, removed, added]) => before.slice(0, 12 + at) + added.join("") + before.slice(12 + at + removed),
          good,
        );
        let result: FromRecords;
        try {
          result = fromCsv(text, { ...wide, sameTime: "first", time: { ...time, format: "number" } });
        } catch (error) {
          expect(String(error)).toMatch(/fromCsv: (line \d+: |column \d+|no column|two columns)/);
          return;
        }
        const { report } = result;
        expect(report.read).toBe(report.kept + report.empty + report.repeated + report.problems.length);
        const cellsThere = new Set(text.split(/[,\n\r"]/).map((cell) => Number(cell.trim())));
        for (const number of numbersOf(result)) expect(cellsThere).toContain(number);
        for (const { line } of report.problems) expect(line).toBeLessThanOrEqual(text.split(/\r\n|\n|\r/).length);
      }),
      { numRuns: 500 },
    );
  });
});

test.each<[string, () => unknown, string]>([
  ["layout", () => fromCsv("id", { time } as CsvOptions), 'fromCsv: layout is undefined, expected "long" or "wide"'],
  [
    "columns",
    () => fromCsv("id", { ...wide, columns: { value: "v" } }),
    "columns: unknown option value; known: id, time",
  ],
  ["delimiter", () => fromCsv("id", { ...wide, delimiter: "\n" }), 'fromCsv: delimiter is "\\n", expected a text such'],
  ["option", () => fromCsv("id", { ...wide, ...{ separator: ";" } }), "fromCsv: unknown option separator"],
  ["text", () => fromCsv(7 as never, wide), "fromCsv: the table is 7, expected the text of a CSV file"],
  ["lines", () => fromJsonLines([] as never, long), "fromJsonLines: the table is [], expected the text of a file of"],
  ["no options", () => fromJsonLines("", undefined as never), "fromJsonLines: expected an object of options"],
  ["no options", () => fromCsv("", undefined as never), "fromCsv: expected an object of options"],
  ["variable", () => fromCsv("id,time,x", { ...wide, variables: ["y"] }), 'fromCsv: no column is called "y"; known: x'],
  [
    "unit",
    () => fromCsv("id,time,x [kg]", { ...wide, variables: [{ name: "x", unit: "lb" }] }),
    'fromCsv: the heading "x [kg]" has another unit than lb; declare it in conversions, or set unitsInHeader: false',
  ],
  [
    "member",
    () => fromJsonLines("{}", long satisfies TableOptions),
    'fromJsonLines: no column is called "id"; set col',
  ],
])("bad input: %s", (_, run, message) => {
  expect(run).toThrow(message);
});
