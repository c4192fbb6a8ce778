import { expect, test } from "vitest";
import { minutesOf, slurmArguments, slurmOptionsOf } from "./options.ts";

test("options are read as they are typed, with commas in values and flags", () => {
  const read = (...texts: string[]): readonly string[] => slurmArguments(slurmOptionsOf(texts));
  expect(read("partition=gpu,time=01:00:00,mem=4G,account=x")).toEqual([
    "--partition=gpu",
    "--time=01:00:00",
    "--mem=4G",
    "--account=x",
  ]);
  expect(read("nodelist=node[1,3-5],exclusive,constraint=a|b")).toEqual([
    "--nodelist=node[1,3-5]",
    "--exclusive",
    "--constraint=a|b",
  ]);
  expect(read("--partition=gpu", "--requeue", "partition=cpu")).toEqual(["--partition=cpu", "--requeue"]);
  expect(read("comment=a=b")).toEqual(["--comment=a=b"]);
});

test("what is not an option, or what Sluice decides, is refused with a way out", () => {
  for (const [text, message] of [
    ["gpu", '--slurm gpu: "gpu" is not an option; write name=value'],
    ["p=gpu", "--slurm p: not a long name of an option of sbatch"],
    ["array=1-9", "--slurm array: this option cannot be given: Sluice makes the array; --jobs says"],
    ["cpus-per-task=4", "use --threads"],
    ["output=x.log", "what a trial prints is in its log.txt"],
    ["mem=", "--slurm mem: expected a value"],
    ["comment=a\nb", "--slurm comment: expected a value without control characters"],
    ["time=1h", "--slurm time=1h: expected a time as Slurm writes it"],
    ["exclusive,n1", '"n1" is not an option'],
  ] as const)
    expect(() => slurmOptionsOf([text]), text).toThrow(message);
});

test("times are read as in the manual of sbatch", () => {
  const minutes = ["90", "90:30", "1:30:00", "1-2", "1-2:30", "1-2:30:30", "UNLIMITED"].map(minutesOf);
  expect(minutes).toEqual([90, 90.5, 90, 1560, 1590, 1590.5, Infinity]);
  for (const text of ["", "1h", "1:2:3:4", "-5", "1-", "1.5"]) expect(minutesOf(text), text).toBe(null);
});
