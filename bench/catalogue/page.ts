import { markdownTable, number, type Cells } from "../layout.ts";
import { entries, families, type Entry } from "./entries.ts";
import { cellIn, writtenOf } from "./equations.ts";
import { factsOf, type Facts } from "./facts.ts";
import { loopsOf, planOf } from "./loops.ts";
import { accountOf } from "./operations.ts";
import { arithmeticTotal, reasonsOf } from "./where.ts";
import { median } from "../statistics.ts";
import { size, smallSize, type Measured } from "./measure.ts";

/** A run of `pnpm bench --cells`, as kept in docs/catalogue.json. */
export interface CatalogueRun {
  /** Processor, runtime, commit and command. */
  readonly about: string;
  readonly cells: Readonly<Record<string, Measured>>;
}

const introduction = `# The catalogue of cells

Every published cell that \`@sluice/cells\` has, asked of the cells themselves. \`pnpm bench --cells\` writes this page.

- **Parameters** are counted with 128 inputs and 128 units.
- **Norm** names the places where a normalizer acts.
- **Zoneout** names the states that zoneout reaches. **Scan** says whether \`sequence\` can also compute the cell by an
  associative scan.
- A *no* is the reason in the cell's own error, which \`packages/cells/src/catalogue/refusals.test.ts\` tests.
- Every cell passes the laws of \`cellSuite\` but for the exceptions that its family lists: gradients of first and second
  order, lengths, masks, resets, carried states, streams, both directions, modifiers, saving and loading, and the same
  bits on WebAssembly.
- **Numbers from** names what the cell is tested against: another package, its authors' code, or a plain loop written
  from the paper's equations.
`;

/** The page docs/catalogue.md. */
export function cataloguePage({ about, cells }: CatalogueRun): string {
  const [batch, time, input, hidden] = size;
  const timing = `Times are forward and backward with the gradients of all parameters and of the input, on one thread,
batch ${batch}, ${time} steps, ${input} inputs, ${hidden} units; **of gru** is the time divided by that of \`gru\`, sampled
in the same turns; **of bound** is the time divided by that of its matrix products at the processor's peak and of what
its other steps read and write at the memory's bandwidth, sampled in the same turns; **torchrecurrent** is its time
divided by Sluice's, here and, in the next column, with ${smallSize[2]} inputs and ${smallSize[3]} units. **Loops** says
what one step of each loop of this program does, in the order of the loops: matrix products + passes over memory +
reductions of values that no pass computes. Weights that are computed by loops have theirs before and after the two over
time. ${about}

${summaryOf(cells)}
`;
  const sections = Object.entries(families).flatMap(([family, title]) => {
    const members = entries.filter((entry) => entry.family === family);
    return members.length === 0 ? [] : [section(title, members, cells)];
  });
  return `${introduction}\n${timing}\n${whereSection(cells)}\n${sections.join("\n")}`;
}

/** The ratios to torchrecurrent of all its cells, the lowest by name, and the cells that are far from their bound. */
function summaryOf(cells: CatalogueRun["cells"]): string {
  const measured = Object.entries(cells);
  const ratios = measured.flatMap(([, { torchrecurrent: ratio }]) => (ratio === undefined ? [] : [ratio]));
  const small = measured.flatMap(([, { torchrecurrentSmall: ratio }]) => (ratio === undefined ? [] : [ratio]));
  const named = (chosen: (of: Measured) => number | undefined, is: (value: number) => boolean): string => {
    const found = measured.flatMap(([name, of]) => {
      const value = chosen(of);
      return value !== undefined && is(value) ? [`\`${name}\` (${number(value)})`] : [];
    });
    return found.length === 0 ? "none" : found.join(", ");
  };
  const medians =
    ratios.length === 0
      ? []
      : [
          `The median ratio to torchrecurrent is ${number(median(ratios))} over ${ratios.length} cells` +
            (small.length === 0 ? "." : `, and ${number(median(small))} with ${smallSize[3]} units.`),
          `Below 4: ${named(
            (of) => of.torchrecurrent,
            (value) => value < 4,
          )}.`,
        ];
  const bounds = measured.some(([, { ofBound }]) => ofBound !== undefined)
    ? [
        `More than ${FAR} times their bound: ${named(
          (of) => of.ofBound,
          (value) => value > FAR,
        )}.`,
      ]
    : [];
  const slow = `Compiled in more than 200 ms: ${named(
    (of) => of.compileMilliseconds,
    (value) => value > 200,
  )}.`;
  return [...medians, ...bounds, slow].join("\n");
}

/** A cell that takes this many times its bound has a row that says why. */
const FAR = 1.3;

/** The parts of the time of every cell that is far from its bound. */
function whereSection(cells: CatalogueRun["cells"]): string {
  const far = entries.filter(({ name }) => (cells[name]?.ofBound ?? 0) > FAR);
  if (far.length === 0) return "";
  return `## Where the time goes

Every cell that takes more than ${FAR} times its bound, in milliseconds. A sampled profile divides its time into
**products**, which are matrix products and the packing of their operands; **passes** over memory with their
reductions; and the **rest**, which is the call, copies and JavaScript. Beside them stands what they cost at least:
products at the **peak**; the **matrices** that batched products have of their own for each row, read once at the
bandwidth; **traffic** of the passes at the bandwidth; and their **arithmetic**, which is the number of evaluations of
each function times what one costs in a pass whose operands stay in the cache, measured in the same run.

${markdownTable(
  ["Cell", "ms", "products", "peak", "matrices", "passes", "traffic", "arithmetic", "rest", "Why"],
  far.map((entry) => whereCells(entry, cells[entry.name])),
)}
`;
}

function whereCells(entry: Entry, measured: Measured | undefined): Cells {
  const name = `\`${entry.name}\``;
  if (measured?.where === undefined) return [name, number(measured?.ms ?? NaN), "not measured", ...Array(7).fill("")];
  const { ms, where } = measured;
  const { products, peak, matrices, passes, traffic, rest } = where;
  return [
    name,
    ...[ms, products, peak, matrices, passes, traffic, arithmeticTotal(where), rest].map(number),
    reasonsOf(where, accountOf(planOf(entry, size), size[0])),
  ];
}

function section(title: string, members: readonly Entry[], cells: CatalogueRun["cells"]): string {
  const facts = new Map(members.map((entry) => [entry, factsOf(entry)]));
  const exceptions = members.flatMap((entry) =>
    (facts.get(entry)?.exceptions ?? []).map((exception) => `- \`${entry.name}\`: ${exception}`),
  );
  return [
    `## ${title}\n`,
    markdownTable(
      ["Cell", "Source", "Parameters", "States", "Traces", "Norm", "Zoneout", "Scan", "Numbers from"],
      members.map((entry) => factCells(entry, facts.get(entry) ?? factsOf(entry))),
    ),
    "",
    markdownTable(
      ["Cell", "ms", "of gru", "of bound", "MB", "compile ms", "torchrecurrent", `at ${smallSize[3]}`, "Loops"],
      members.map((entry) => [...measuredCells(entry, cells[entry.name]), loopCell(entry)]),
    ),
    ...(exceptions.length === 0 ? [] : ["", "Laws that do not hold:\n", ...exceptions]),
    "",
    ...equationsOf(members),
  ].join("\n");
}

const list = (names: readonly string[]): string => (names.length === 0 ? "none" : names.join(", "));

function factCells(entry: Entry, facts: Facts): Cells {
  return [
    `[\`${entry.name}\`](../${writtenOf(entry).file})`,
    entry.source,
    facts.parameters.toLocaleString("en-US"),
    list(facts.states),
    facts.traces.length === 0 ? "none: no gate" : list(facts.traces),
    typeof facts.norm === "string" ? `no: ${facts.norm}` : list(facts.norm),
    list(facts.zoneout),
    facts.noScan === undefined ? "yes" : `no: ${facts.noScan}`,
    entry.numbers,
  ];
}

function measuredCells({ name, torchrecurrent }: Entry, measured: Measured | undefined): Cells {
  if (measured === undefined) return [`\`${name}\``, "not measured", "", "", "", "", "", ""];
  return [
    `\`${name}\``,
    number(measured.ms),
    number(measured.ofGru),
    measured.ofBound === undefined ? "not measured" : number(measured.ofBound),
    number(measured.bytes / 1e6),
    number(measured.compileMilliseconds),
    measured.torchrecurrent === undefined
      ? torchrecurrent === undefined
        ? "it has no such cell"
        : "not installed"
      : number(measured.torchrecurrent),
    measured.torchrecurrentSmall === undefined ? "" : number(measured.torchrecurrentSmall),
  ];
}

/** Products + passes + reductions of each loop, and what else a step does. */
function loopCell(entry: Entry): string {
  const all = loopsOf(entry, size).map(({ products, passes, reductions, others }) =>
    [`${products} + ${passes} + ${reductions}`, ...others].join(", "),
  );
  return all.join("; ");
}

/** The equations of each cell once, though it may stand in several forms. */
function equationsOf(members: readonly Entry[]): string[] {
  const seen = new Set<string>();
  return members.flatMap((entry) => {
    const { file, equations } = writtenOf(entry);
    const cell = cellIn(entry.name);
    if (seen.has(cell) || equations === "") return [];
    seen.add(cell);
    return [`### ${cell}\n`, `${entry.source}; [source](../${file}).\n`, "```", equations, "```", ""];
  });
}
