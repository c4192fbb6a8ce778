import { expect, test } from "vitest";
import { eventsCases, eventsData, eventsLengths, idOfEvents } from "./events.ts";
import { eventsTable, type EventsRow } from "./measure-events.ts";

test("rows of events are the same in any order, from the fewest to the most", () => {
  for (const of of eventsCases) {
    const lengths = eventsLengths(of);
    expect([lengths.length, Math.min(...lengths), Math.max(...lengths)]).toEqual([64, 2, 200]);
    const sorted = eventsLengths({ ...of, rows: "sorted" });
    expect(sorted).toEqual(lengths.toSorted((a, b) => b - a));
    expect(lengths).not.toEqual(sorted);
  }
  expect(eventsCases.map(idOfEvents)[0]).toBe("events gru/64x200x37x64");
});

test("nothing is beyond the lengths, and a fifth of the values is observed", () => {
  const of = { ...eventsCases.find(({ cell }) => cell === "gruD")!, batch: 6, longest: 20, input: 5, hidden: 3 };
  const { x, g, lengths, "extra.mask": mask } = eventsData(of);
  expect([x!.shape, g!.shape]).toEqual([
    [6, 20, 5],
    [6, 20, 3],
  ]);
  const steps = [...lengths!.data].reduce((sum, length) => sum + length, 0);
  for (const [values, width] of [
    [x!.data, 5],
    [g!.data, 3],
  ] as const) {
    expect(values.filter((value) => value !== 0)).toHaveLength(steps * width);
    values.forEach((value, at) => {
      if (Math.floor(at / width) % 20 >= lengths!.data[Math.floor(at / width / 20)]!) expect(value).toBe(0);
    });
  }
  expect([...mask!.data].reduce((sum, seen) => sum + seen, 0) / (steps * 5)).toBeCloseTo(0.2, 1);
});

test("the table relates every contender to Sluice with rows in any order", () => {
  const [gru, , , gruD] = eventsCases;
  const rows: EventsRow[] = [
    { case: gru!, ms: { "sluice unsorted": 10, "sluice padded": 19, "torch packed": 50 }, errors: {} },
    { case: gruD!, ms: { "sluice unsorted": 20 }, errors: { "pypots padded": "no" } },
  ];
  expect(eventsTable(rows).split("\n")).toEqual([
    "| layer | padded / real steps | sluice unsorted, ms | sluice padded | ratio | torch packed | ratio | pypots padded | ratio |",
    "| --- | --: | --: | --: | --: | --: | --: | --: | --: |",
    "| gru | 1.97 | 10.0 | 19.0 | 1.90 | 50.0 | 5.00 |  |  |",
    "| gruD | 1.97 | 20.0 |  |  |  |  | error |  |",
  ]);
});
