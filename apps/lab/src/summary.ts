import { formatMean, type ResultsDocument, type Study } from "@sluice/study";
import { layTable, type Column } from "./layout.ts";

/** The table printed at the end: every task and variant, with every metric's mean ± half its 95 % interval. */
export function summaryTable(document: ResultsDocument, metrics: Study["metrics"], width: number): string[] {
  const cells = [...new Set(document.trials.map(({ task, variant }) => JSON.stringify([task, variant])))].map((key) => {
    const [task = "", variant = ""]: string[] = JSON.parse(key);
    return { task, variant };
  });
  type Row = (typeof cells)[number];
  const number = (row: Row, metric: string, digits: number | undefined): string => {
    const found = document.summary.find(
      (entry) => entry.task === row.task && entry.variant === row.variant && entry.metric === metric,
    );
    if (found === undefined || found.mean === null) return "–";
    const { mean, half } = formatMean(
      found.mean,
      found.interval === null ? Number.NaN : found.interval[1] - found.mean,
      digits,
    );
    return half === null ? mean : `${mean} ± ${half}`;
  };
  const trials = (row: Row): string => {
    const own = document.trials.filter((trial) => trial.task === row.task && trial.variant === row.variant);
    const lost = [...new Set(own.map((trial) => trial.status))]
      .filter((status) => status !== "done")
      .map((status) => `${own.filter((trial) => trial.status === status).length} ${status}`);
    return [`${own.filter((trial) => trial.status === "done").length}/${own.length}`, ...lost].join(", ");
  };
  const columns: Column<Row>[] = [
    { title: "task", align: "left", keep: 1000, cell: (row) => row.task },
    { title: "variant", align: "left", keep: 1000, cell: (row) => row.variant },
    ...Object.entries(metrics).map(([name, metric], index): Column<Row> => {
      const unit = metric.unit === undefined ? "" : ` (${metric.unit})`;
      return {
        title: `${metric.label}${unit}`,
        align: "right",
        keep: 500 - index,
        cell: (row) => number(row, name, metric.digits),
      };
    }),
    { title: "done", align: "left", keep: 999, cell: trials },
  ];
  return layTable(columns, cells, width);
}
