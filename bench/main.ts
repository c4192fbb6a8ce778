// pnpm bench: see README.md.
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import type { Entry } from "./catalogue/entries.ts";
import { runCatalogue } from "./catalogue/run.ts";
import { allCases, backendCases, idOf, quickCases, type Case } from "./cases.ts";
import { eventsCases, idOfEvents } from "./events.ts";
import { loggingCases, loggingTable, measureLogging } from "./logging.ts";
import { longCases, longTable, measureLong } from "./long.ts";
import { machineOf } from "./machine.ts";
import { openBench, type Row } from "./measure.ts";
import { eventsTable, measureEvents } from "./measure-events.ts";
import { measurePasses, passCases, passesTable, type WithoutPass } from "./passes.ts";
import { peers, type Peer } from "./peers.ts";
import { idOfBatches, measureRagged, raggedCases, raggedTable, type RaggedRow } from "./ragged.ts";
import { measureRuns, runsTable } from "./runs.ts";
import { measureRuntimes } from "./runtimes.ts";
import { profileText } from "./profile-text.ts";
import { fromJson, toJson, toText, withMarkdown, type Run } from "./report.ts";

const help = `pnpm bench [options]
  --quick              a few cases of each kind
  --filter TEXTS       only cases whose id contains one of TEXTS, such as "train gru/,2 threads"
  --peers NAMES        none, or some of ${peers.map(({ name }) => name).join(",")}; default sluice-relaxed,torch,jax,tfjs,brain
  --install NAMES      puts these peers into the cache folder first
  --samples N          samples per contender; at least 7 for results that you keep; default 7
  --json FILE          writes the results as JSON
  --markdown FILE      writes the table into the generated part of FILE
  --cpu                measures CPU time, for a machine that is busy with other work; one thread only
  --profile            shows Sluice's time per kernel instead of the comparison
  --passes             time and memory without each compiler pass; three cases, or those that --filter selects
  --backends           only the backends and other libraries, in Node and in a Chromium page; a run without --filter ends with this
  --long               training on one sequence of up to a million steps, within memory budgets
  --logging            what a logged row of metrics costs a training step; CPU time
  --runs FOLDER        what the commands cost that read a runs folder; CPU time and memory, of the built command
  --ragged             rows of events in any order, and training on batches of unequal length at several ratios of longest
                       to mean, beside --peers torch,pypots; the cases that --filter selects, such as events or batches
  --cells              every cell of the catalogue beside gru; with --json docs/catalogue.json --markdown docs/catalogue.md
                       the page is written, and cells that --filter leaves out keep their times
  --pieces FILE        for --ragged: the pieces of FILE, { train: piece[] -> step[] -> active keys }
  --from FILE          prints a run that --json wrote, without measuring
  --list               lists the ids of the cases`;

const { values } = parseArgs({
  args: process.argv.slice(2).filter((argument) => argument !== "--"),
  options: {
    quick: { type: "boolean", default: false },
    filter: { type: "string", default: "" },
    peers: { type: "string", default: "sluice-relaxed,torch,jax,tfjs,brain" },
    install: { type: "string", default: "" },
    samples: { type: "string", default: "7" },
    json: { type: "string" },
    markdown: { type: "string" },
    cpu: { type: "boolean", default: false },
    profile: { type: "boolean", default: false },
    passes: { type: "boolean", default: false },
    backends: { type: "boolean", default: false },
    long: { type: "boolean", default: false },
    logging: { type: "boolean", default: false },
    runs: { type: "string" },
    ragged: { type: "boolean", default: false },
    cells: { type: "boolean", default: false },
    pieces: { type: "string" },
    from: { type: "string" },
    list: { type: "boolean", default: false },
    help: { type: "boolean", default: false },
  },
});

const filters = values.filter.split(",");
const wanted = (of: Case): boolean =>
  filters.some((text) => idOf(of).includes(text)) && !(values.cpu && of.threads > 1);
const cases = values.backends ? [] : (values.quick ? quickCases : allCases).filter(wanted);
const runtimeCases = values.backends
  ? backendCases.filter(wanted)
  : values.filter !== ""
    ? []
    : values.quick
      ? backendCases.slice(0, 2)
      : backendCases;
if (values.help) console.log(help);
else if (values.list)
  console.log([...cases.map(idOf), ...runtimeCases.map((of) => `${idOf(of)}, every backend`)].join("\n"));
else if (values.from !== undefined && !values.cells) publish(fromJson(readFileSync(values.from, "utf8")));
else await main();

async function main(): Promise<void> {
  for (const { name, install } of named(values.install)) {
    if (install === undefined) throw new Error(`${name} cannot be installed by the bench`);
    install();
  }
  if (values.cells) return cells();
  const samples = Number(values.samples);
  if (!Number.isInteger(samples) || samples < 1)
    throw new Error(`--samples: expected an integer >= 1, got ${values.samples}`);
  if (values.logging) return console.log(loggingTable(await measureLogging(loggingCases, samples)));
  if (values.runs !== undefined) return console.log(runsTable(await measureRuns(values.runs, samples)));
  const clock = values.cpu ? "cpu" : "wall";
  if (values.ragged) return ragged({ samples, clock, peers: named(values.peers) });
  if (cases.length + runtimeCases.length === 0)
    throw new Error(`no case contains ${JSON.stringify(values.filter)}; --list shows them`);
  if (values.passes) return passes({ samples, warmMilliseconds: 500, clock });
  if (values.long) return console.log(longTable(await measureLong(longCases(clock), samples)));
  const options = { samples, warmMilliseconds: samples < 7 ? 100 : 500, clock } as const;
  const bench = openBench({ peers: values.profile ? [] : named(values.peers), ...options });
  try {
    await (values.profile ? profile(bench) : compare(bench, options));
  } finally {
    bench.close();
  }
}

async function cells(): Promise<void> {
  const samples = Number(values.samples);
  const peer = peers.find(({ name }) => name === "torchrecurrent");
  const wanted = ({ name }: Entry): boolean => values.from === undefined && filters.some((text) => name.includes(text));
  const { json = values.from, markdown } = values;
  const options = { samples, warmMilliseconds: samples < 7 ? 50 : 200, machine: machineOf(), json, markdown };
  await runCatalogue(wanted, { ...options, ...(peer !== undefined && { peer }) });
}

async function passes(options: Parameters<typeof measurePasses>[1]): Promise<void> {
  const measured: { case: Case; rows: WithoutPass[] }[] = [];
  for (const of of values.filter === "" ? passCases : cases)
    measured.push({ case: of, rows: await measurePasses(of, options) });
  console.log(passesTable(measured));
}

async function ragged(options: Parameters<typeof measureRagged>[1]): Promise<void> {
  const isWanted = (id: string): boolean => filters.some((text) => id.includes(text));
  const events = values.pieces === undefined ? eventsCases.filter((of) => isWanted(idOfEvents(of))) : [];
  const ofEvents = await measureEvents(events, options);
  if (ofEvents.length > 0) console.log(`${eventsTable(ofEvents)}\n`);
  const rows: RaggedRow[] = [];
  for (const cases of raggedCases(values.pieces)) {
    const wanted = cases.filter((of) => isWanted(idOfBatches(of)));
    if (wanted.length > 0) rows.push(...(await measureRagged(wanted, options)));
  }
  if (rows.length > 0) console.log(raggedTable(rows));
  for (const { errors } of [...ofEvents, ...rows])
    for (const [name, message] of Object.entries(errors)) console.log(`${name}: ${message}`);
}

async function profile(bench: ReturnType<typeof openBench>): Promise<void> {
  for (const of of cases) console.log(`${idOf(of)}\n${profileText(await bench.profile(of, 40))}\n`);
}

async function compare(
  bench: ReturnType<typeof openBench>,
  options: { readonly samples: number; readonly warmMilliseconds: number; readonly clock: Run["clock"] },
): Promise<void> {
  const { samples, clock } = options;
  const rows: Row[] = [];
  const contenders = cases.length === 0 ? {} : await bench.contenders(cases[0]!.threads);
  let run: Run = {
    machine: machineOf(),
    command: ["pnpm bench", ...process.argv.slice(2)].join(" "),
    samples,
    clock,
    contenders,
    rows,
    runtimes: [],
  };
  // Written after every case, so that an interrupted run keeps its results.
  const keep = (): void => {
    if (values.json !== undefined) writeFileSync(values.json, toJson(run));
  };
  for (const [i, of] of cases.entries()) {
    console.error(`${i + 1}/${cases.length} ${idOf(of)}`);
    rows.push(await bench.measure(of));
    keep();
  }
  if (runtimeCases.length > 0) run = { ...run, runtimes: await measureRuntimes(runtimeCases, options) };
  keep();
  publish(run);
  if (
    [...rows, ...run.runtimes.flatMap((runtime) => runtime.rows)].some(({ errors }) => Object.keys(errors).length > 0)
  )
    process.exitCode = 1;
}

function publish(run: Run): void {
  console.log(toText(run));
  if (values.markdown !== undefined)
    writeFileSync(
      values.markdown,
      withMarkdown(existsSync(values.markdown) ? readFileSync(values.markdown, "utf8") : "# Performance\n", run),
    );
}

function named(list: string): Peer[] {
  const names = list.split(",").filter((name) => name !== "" && name !== "none");
  return names.map((name) => {
    const peer = peers.find((other) => other.name === name);
    if (peer === undefined)
      throw new Error(`unknown peer ${name}; expected one of ${peers.map((other) => other.name).join(", ")}`);
    return peer;
  });
}
