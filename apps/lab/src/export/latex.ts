import { formatMean, meanInterval, trialName, type Metric, type ReportModel } from "@sluice/study";

/** The main table of a run. */
interface Cell {
  readonly mean: number;
  readonly text: string;
}

/**
 * The results of a run as a LaTeX table for the package `booktabs`: a row per variant, a column per metric, each value
 * as mean ± half of its 95 % interval, the best mean of every task in bold.
 */
export function latexTable({ manifest, results }: ReportModel): string {
  const { tasks, variants, metrics } = manifest;
  const names = Object.keys(metrics);
  const lost = results.trials.some(({ status }) => status !== "done");
  const row = (task: string, variant: string): string => {
    const own = results.of({ task, variant });
    const done = own.filter(({ status }) => status === "done").length;
    const cells = names.map((metric) => cellText(results, { task, variant, metric }, manifest.remade === true));
    return `${[escaped(variant), ...cells, ...(lost ? [`${done}/${own.length}`] : [])].join(" & ")} \\\\`;
  };
  const width = names.length + 1 + Number(lost);
  const body = tasks.flatMap((task, index) => [
    ...(index > 0 ? ["\\midrule"] : []),
    ...(tasks.length > 1 ? [`\\multicolumn{${width}}{l}{\\emph{${escaped(task)}}} \\\\`] : []),
    ...variants.filter((variant) => results.of({ task, variant }).length > 0).map((variant) => row(task, variant)),
  ]);
  const heads = ["", ...Object.values(metrics).map(headOf), ...(lost ? ["done"] : [])];
  return `${[
    "% needs \\usepackage{booktabs}",
    "\\begin{table}",
    "\\centering",
    `\\caption{${captionOf(results, manifest)}}`,
    `\\label{tab:${manifest.name}}`,
    `\\begin{tabular}{l${"r".repeat(width - 1)}}`,
    "\\toprule",
    `${heads.join(" & ")} \\\\`,
    "\\midrule",
    ...body,
    "\\bottomrule",
    "\\end{tabular}",
    "\\end{table}",
  ].join("\n")}\n`;
}

interface Place {
  readonly task: string;
  readonly variant: string;
  readonly metric: string;
}

function cellText(results: ReportModel["results"], place: Place, remade: boolean): string {
  const own = cellOf(results, place);
  if (own === null) return "--";
  const better = remade ? "neither" : (results.metrics[place.metric]?.better ?? "neither");
  const all = results.variants.flatMap((variant) => cellOf(results, { ...place, variant }) ?? []);
  const sign = better === "lower" ? -1 : 1;
  const best = better !== "neither" && all.length > 1 && all.every(({ mean }) => sign * (own.mean - mean) >= 0);
  return best ? `$\\mathbf{${own.text}}$` : `$${own.text}$`;
}

/** `null` if no trial has a value. */
function cellOf(results: ReportModel["results"], place: Place): Cell | null {
  const values = results.values(place).map(({ value }) => value);
  if (values.length === 0) return null;
  const { mean, low, high } = meanInterval(values, { overlap: results.folds?.overlap ?? 0 });
  if (!Number.isFinite(mean)) return null;
  const half = Number.isFinite(low) ? (high - low) / 2 : Number.NaN;
  const formatted = formatMean(mean, half, results.metrics[place.metric]?.digits);
  const text =
    formatted.half === null ? formatted.mean : `${bracketed(formatted.mean)} \\pm ${bracketed(formatted.half)}`;
  return { mean, text: mathOf(text) };
}

/** A number with a power of ten in brackets, so that ± does not seem to belong to the power. */
const bracketed = (number: string): string => (number.includes("×") ? `(${number})` : number);

const SUPERSCRIPTS = "⁻⁰¹²³⁴⁵⁶⁷⁸⁹";

/** A printed number in math mode. */
const mathOf = (text: string): string =>
  text
    .replaceAll("−", "-")
    .replaceAll("\u2009", "\\,")
    .replaceAll(/×10([⁻⁰¹²³⁴⁵⁶⁷⁸⁹]+)/g, (_, power: string) => {
      const plain = Array.from(power, (letter) => "-0123456789"[SUPERSCRIPTS.indexOf(letter)] ?? "");
      return ` \\times 10^{${plain.join("")}}`;
    });

function headOf({ label, unit, better }: Metric): string {
  const arrow = { higher: " $\\uparrow$", lower: " $\\downarrow$", neither: "" }[better];
  return `${escaped(unit === undefined ? label : `${label} (${unit})`)}${arrow}`;
}

function captionOf(results: ReportModel["results"], { title, budget, remade }: ReportModel["manifest"]): string {
  const seeds = new Set(results.trials.map(({ seed }) => seed)).size;
  const [fold] = results.trials.flatMap(({ fold: one }) => one ?? []);
  const over = [
    `${seeds} ${seeds === 1 ? "seed" : "seeds"}`,
    ...(fold === undefined ? [] : [`${new Set(results.trials.map((trial) => trial.fold?.index)).size} folds`]),
  ].join(" and ");
  const best = remade === true ? "" : " The best mean is bold.";
  const wrong = results.trials.filter(({ status }) => status !== "done");
  const missing = wrong.length === 0 ? "" : ` Without a result: ${wrong.map(wrongText).join("; ")}.`;
  return escaped(
    `${title} (${budget}): mean ± half of the 95 % interval over ${over}.${best}${missing}${importedText(results)}`,
  );
}

/** A reader of the table must know which trials the study did not run. */
function importedText({ trials, variants }: ReportModel["results"]): string {
  const parts = variants.flatMap((variant) => {
    const own = trials.filter((trial) => trial.variant === variant);
    const count = own.filter(({ imported }) => imported !== undefined).length;
    if (count === 0) return [];
    return [count === own.length ? variant : `${count} of ${own.length} trials of ${variant}`];
  });
  return parts.length === 0 ? "" : ` Run elsewhere and imported: ${parts.join("; ")}.`;
}

const wrongText = (record: ReportModel["results"]["trials"][number]): string =>
  `${record.task}, ${trialName(record)} (${record.status})`;

const SPECIAL: Readonly<Record<string, string>> = {
  "\\": "\\textbackslash{}",
  "~": "\\textasciitilde{}",
  "^": "\\textasciicircum{}",
  "±": "$\\pm$",
  "²": "$^2$",
  "→": "$\\to$",
  "×": "$\\times$",
  "<": "\\textless{}",
  ">": "\\textgreater{}",
  "|": "\\textbar{}",
};

/** Text in which every character of LaTeX's own stands for itself. */
export const escaped = (text: string): string =>
  text.replaceAll(/[\\~^±²→×<>|]|[&%$#_{}]/g, (found) => SPECIAL[found] ?? `\\${found}`).replaceAll(/\s+/g, " ");
