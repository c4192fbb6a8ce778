import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { DataError, nafld, pbcseq } from "../index.ts";
import { folderWith } from "../testing/data-folder.ts";
import { parseTable } from "./table.ts";

const origin = { set: "toy", file: "toy.csv", obtain: "Get it there." };
const folder = folderWith("survival");
const types = { id: "integer", value: "number?", kind: ["a", "b"] } as const;

describe("tables", () => {
  test("have typed columns, NaN where a value is missing", () => {
    const { id, value, kind } = parseTable("id,value,kind\n1,-2.5e1,a\r\n2,,b\n", types, origin);
    expect([[...id], [...value], kind]).toEqual([
      [1, 2],
      [-25, NaN],
      ["a", "b"],
    ]);
  });

  test("quoted fields are those without quotes", () => {
    expect(parseTable('"id","value","kind"\n"1","2","b"\n', types, origin).kind).toEqual(["b"]);
  });

  test("what is written is read", () => {
    const row = fc.record({
      id: fc.integer(),
      value: fc.option(fc.double({ noDefaultInfinity: true, noNaN: true }), { nil: NaN }),
      kind: fc.constantFrom("a" as const, "b" as const),
    });
    fc.assert(
      fc.property(fc.array(row, { minLength: 1, maxLength: 8 }), (rows) => {
        const lines = rows.map(({ id, value, kind }) => [id, Number.isNaN(value) ? "" : value, kind].join());
        const found = parseTable(["id,value,kind", ...lines, ""].join("\n"), types, origin);
        expect(found.id).toEqual(Float64Array.from(rows, ({ id }) => id));
        // "-0" is written "0".
        expect(found.value).toEqual(Float64Array.from(rows, ({ value }) => value + 0));
        expect(found.kind).toEqual(rows.map(({ kind }) => kind));
      }),
    );
  });

  const rows = (...lines: string[]): string => ["id,value,kind", "1,2,a", ...lines, ""].join("\n");
  test.each<[string, string, string]>([
    ["empty", "", "line 1: its columns are none, expected id, value, kind"],
    ["no rows", "id,value,kind\n", "line 2: it has no rows"],
    ["no header", "1,2,a\n", "line 1: its columns are 1, 2, a, expected id, value, kind"],
    ["other columns", "id,kind,value\n1,a,2\n", "line 1: its columns are id, kind, value"],
    ["semicolons", "id;value;kind\n1;2;a\n", "line 1: its columns are id;value;kind"],
    ["a field too few", rows("2,3"), "line 3: it has 2 fields, but there are 3 columns"],
    ["a field too many", rows("2,3,a,4"), "line 3: it has 4 fields, but there are 3 columns"],
    ["cut off", rows("2,3,a").slice(0, -3), "line 3: it has 2 fields, but there are 3 columns"],
    ["a blank line", rows("", "2,3,a"), "line 3: it has 1 fields"],
    ["missing where nothing may be", rows(",3,a"), "line 3: id is missing"],
    ["a word", rows("2,NA,a"), 'line 3: value is "NA", expected a number'],
    ["half an integer", rows("2.5,1,a"), 'line 3: id is "2.5", expected an integer'],
    ["too large an integer", rows("90071992547409930,1,a"), "line 3: id is"],
    ["too large", rows("2,1e400,a"), 'line 3: value is "1e400", which is too large'],
    ["hexadecimal", rows("0x10,1,a"), 'line 3: id is "0x10", expected a number'],
    ["a space", rows("2, 3,a"), 'line 3: value is " 3", expected a number'],
    ["an unknown word", rows("2,3,c"), 'line 3: kind is "c", expected one of a, b'],
    ["no word", rows("2,3,"), 'line 3: kind is "", expected one of a, b'],
    ["a line break in a field", rows('2,"3\n",a'), "line 3: a field has a line break"],
    ["a quote that stays open", rows('2,"3,a'), "line"],
    ["a quote inside a field", rows('2,3"4,a'), "line 3: Invalid"],
  ])("damaged: %s", (_, text, message) => {
    const read = (): unknown => parseTable(text, types, origin);
    expect(read).toThrow(DataError);
    expect(read).toThrow(`toy: toy.csv, ${message}`);
  });
});

test("the errors say how to get the sets", async () => {
  await expect(pbcseq({ folder: "/nowhere" })).rejects.toThrow(
    /^pbcseq: .*cannot be read.*Write pbcseq of the R package/,
  );
  await expect(nafld({ folder: "/nowhere" })).rejects.toThrow(/^NAFLD: .*cannot be read.*r-cran-survival/);
});

const sum = (column: Float64Array): number => column.reduce((total, v) => (Number.isNaN(v) ? total : total + v), 0);
const missing = (column: Float64Array): number => column.filter((v) => Number.isNaN(v)).length;

describe.skipIf(folder === null)("tables of survival data, where there is a data folder with them", () => {
  // The sums and counts are those of Python's csv module.
  test("pbcseq", async () => {
    const { tables, provenance } = await pbcseq({ folder });
    const { visits } = tables;
    expect([visits.id.length, new Set(visits.id).size]).toEqual([1945, 312]);
    expect([sum(visits.futime), sum(visits.day), sum(visits.bili), sum(visits["alk.phos"])]).toEqual([
      5_719_763, 2_227_689, 7142.7000000000035, 2_604_904,
    ]);
    expect(
      [visits.chol, visits.ascites, visits.hepato, visits.spiders, visits["alk.phos"], visits.platelet].map(missing),
    ).toEqual([821, 60, 61, 58, 60, 73]);
    expect(new Set(visits.sex)).toEqual(new Set(["f", "m"]));
    expect(provenance.files["survival/pbcseq.csv"]).toMatch(/^c8d91c76/);
  });

  test("nafld", async () => {
    const { people, measurements } = (await nafld({ folder })).tables;
    expect([people.id.length, measurements.id.length, new Set(measurements.id).size]).toEqual([
      17_549, 400_123, 15_666,
    ]);
    expect([sum(people.futime), sum(people.status), sum(people.height)]).toEqual([42_303_629, 1364, 2_436_644]);
    expect([people.weight, people.height, people.bmi, people["case.id"]].map(missing)).toEqual([4786, 3168, 4961, 31]);
    expect([sum(measurements.days), sum(measurements.value)]).toEqual([-242_841_297, 25_515_178.928662576]);
    expect(new Set(measurements.test).size).toBe(6);
  });
});
