import { execFileSync } from "node:child_process";
import fc from "fast-check";
import { describe, expect, inject, test } from "vitest";
import {
  fromCsv,
  fromCsvStream,
  fromJsonLines,
  fromJsonLinesStream,
  type CsvOptions,
  type TextChunks,
} from "../index.ts";
import { failIn, splitCsvParts } from "./split-csv.ts";

const time = { unit: "hours" } as const;
const wide: CsvOptions = { layout: "wide", time };

/** Divides a list at these places. */
function partsOf<T extends string | Uint8Array>(whole: T, cuts: readonly number[]): T[] {
  const ends = [...new Set([0, ...cuts.map((cut) => cut % (whole.length + 1)), whole.length])].sort((a, b) => a - b);
  return ends.slice(1).map((end, i) => whole.slice(ends[i], end) as T);
}

const table =
  '\uFEFFid,time [h],x [µg],"note\r\n𝄞"\r\nå,0,1.5,\r\nå,1,,"a\nb ""c"""\r\n\r\nb,2,oops,𝄞\r\nb,3\r\nc,4,-2e3,';
const json =
  '\uFEFF{"id":"å","time":0,"x":1.5}\r\n{"id":"å","time":1,"x":null,"note":"𝄞"}\r\n\r\noops\r{"id":"b","time":2}\n{"id":"c","time":4,"x":-2000}';

describe("a text in any parts gives what the whole text gives", () => {
  const cuts = fc.array(fc.nat({ max: 400 }), { maxLength: 8 });
  test.each([
    ["CSV", table, fromCsv, fromCsvStream],
    ["JSON lines", json, fromJsonLines, fromJsonLinesStream],
  ] as const)("%s, as texts and as bytes", async (_, text, whole, stream) => {
    const expected = whole(text, wide);
    expect(expected.report.problems.length).toBeGreaterThan(0);
    await fc.assert(
      fc.asyncProperty(cuts, async (at) => {
        expect(await stream(partsOf(text, at), wide)).toEqual(expected);
        expect(await stream(partsOf(new TextEncoder().encode(text), at), wide)).toEqual(expected);
      }),
      { numRuns: 40 },
    );
    const each = async function* (): AsyncGenerator<string> {
      yield* text.split("");
    };
    expect(await stream(each(), wide)).toEqual(expected);
    expect(await stream(new Blob([text]).stream(), wide)).toEqual(expected);
  });
});

test("a part is asked for when the lines of the one before are taken", async () => {
  const lines = ["id,time,x", ...Array.from({ length: 200 }, (_, i) => `a,${i},${i}`)];
  const text = `${lines.join("\n")}\n`;
  let asked = 0;
  const seen: number[] = [];
  const parts = async function* (): AsyncGenerator<string> {
    for (let from = 0; from < text.length; from += 64) {
      asked += text.slice(from, from + 64).split("\n").length - 1;
      // What the parser holds back is less than a line, and it looks at most three characters ahead.
      expect(asked - seen.length).toBeLessThanOrEqual(64 / 5 + 2);
      yield text.slice(from, from + 64);
    }
  };
  for await (const some of splitCsvParts(parts(), ",", failIn("a test"))) seen.push(...some.map(({ line }) => line));
  expect(seen).toEqual(lines.map((_, i) => i + 1));
});

test("the memory of a stream is that of its numbers", () => {
  const megabytes = inject("long") ? 200 : 6;
  // In a process of its own: the heap after a collection, at a quarter and at the end.
  const script = `
    import { fromCsvStream } from "@sluice/irregular";
    const row = (i) => "a" + (i % 100) + "," + i + "," + i / 8 + "," + "note ".repeat(100) + "\\n";
    const bytes = ${megabytes}e6;
    const used = () => (gc(), process.memoryUsage());
    let [quarter, rows, given] = [undefined, 0, 0];
    async function* text() {
      yield "id,time,x,note\\n";
      while (given < bytes) {
        let part = "";
        for (let i = 0; i < 128; i++) part += row(rows++);
        given += part.length;
        yield Buffer.from(part);
        if (given > bytes / 4) quarter ??= used();
      }
      const end = used();
      console.log(JSON.stringify({ heap: end.heapUsed - quarter.heapUsed, numbers: end.arrayBuffers, rows, given }));
    }
    const { report } = await fromCsvStream(text(), { layout: "wide", variables: ["x"], time: { unit: "hours" } });
    if (report.kept !== rows) throw new Error(report.kept + " of " + rows);
  `;
  const flags = ["--expose-gc", "--conditions=@sluice/source", "--input-type=module", "-e", script];
  const answer = execFileSync(process.execPath, flags, { encoding: "utf8", cwd: import.meta.dirname });
  const { heap, numbers, rows, given } = JSON.parse(answer) as Record<string, number>;
  expect(given).toBeGreaterThan(megabytes * 1e6);
  expect(heap).toBeLessThan(0.05 * given! + 3e5);
  // 41 bytes for a value, in columns that grow by doubling, and the part that is read.
  expect(numbers).toBeLessThan(2 * 41 * rows! + 2e6);
});

describe("errors name the line", () => {
  const bytes = (text: string): Uint8Array => Uint8Array.from(text, (character) => character.charCodeAt(0));
  test.each<[string, TextChunks, string]>([
    ["an open quote", ["id,time,x\na,1,", '10\na,2,"20\na,3', ",30\n"], "line 3: a quote is opened and never closed"],
    ["a quote inside a cell", ["id,time,x\na,1,10\na,2,5", '"\na,3,30'], "line 3: Invalid Opening Quote"],
    ["text after a quote", ['id,time,x\na,1,"10', '" mg\n'], "line 2: Invalid Closing Quote"],
    ["Latin-1", [bytes("id,time,x\na,1,10\n"), bytes("a,2,20\né,3,30\n")], "line 4: the bytes are not UTF-8"],
    ["half a character", [bytes("id,time,x\na,1,10\nb,2,3\u00e2")], "line 3: the bytes are not UTF-8"],
    ["UTF-16", [bytes("\u00ff\u00fei\0d\0")], "line 1: the bytes are not UTF-8"],
    ["empty", [], "the text is empty, expected a header line"],
    ["a mark of byte order alone", ["\uFEFF"], "the text is empty, expected a header line"],
    ["another column", ["ID,time,x\n"], 'no column is called "id"; set columns.id; did you mean ID?'],
    ["a number", [7] as never, "a part of the table is 7, expected a text or bytes"],
    ["a text", "id,time,x\n", "the table is a text, expected its parts; for a whole text use fromCsv"],
    ["nothing", undefined as never, "the table is undefined, expected a stream or an iterable of texts or bytes"],
  ])("%s", async (_, chunks, message) => {
    await expect(fromCsvStream(chunks, wide)).rejects.toThrow(`fromCsvStream: ${message}`);
  });

  test("errors of the stream are passed on", async () => {
    const broken = async function* (): AsyncGenerator<string> {
      yield "id,time,x\n";
      throw new Error("the disk is gone");
    };
    await expect(fromCsvStream(broken(), wide)).rejects.toThrow("the disk is gone");
    await expect(fromJsonLinesStream(broken(), wide)).rejects.toThrow("the disk is gone");
  });

  test("what cannot be read is in the report", async () => {
    const { report } = await fromJsonLinesStream(['{"id":"a","time":1,"x":2}\n{"id":', '"a"\n'], wide);
    expect(report.problems).toMatchObject([{ fault: "line", line: 2, text: 'it is not JSON: "{\\"id\\":\\"a\\""' }]);
    await expect(fromJsonLinesStream("{}", wide)).rejects.toThrow("for a whole text use fromJsonLines");
  });
});
