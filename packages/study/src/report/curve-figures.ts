import type { Axis } from "@sluice/figures";
import { html, type Markup } from "@sluice/figures/internal";
import { binWidth, curveOverSeeds, seriesOverSeeds, type Room } from "./curves.ts";
import { extentOf, panels, type Line } from "./figure.ts";
import type { ReportModel } from "./model.ts";
import { linesNote } from "./notes.ts";
import { idOf, type Section, type SectionPart } from "./section.ts";

/** The training curves of every metric that has any, task by task. */
export function curveSection(model: ReportModel, room: Room): Section | null {
  const { manifest, results } = model;
  const parts: SectionPart[] = [];
  const notes = { crossed: false, joined: false };
  const figures = Object.entries(manifest.metrics).flatMap(([name, metric], index): Markup[] => {
    if (metric.curve === false) return [];
    const x: Axis = { label: manifest.stepLabel };
    const y: Axis = {
      label: metric.label,
      ...(metric.unit === undefined ? {} : { unit: metric.unit }),
      ...(metric.log === undefined ? {} : { log: metric.log }),
    };
    const drawn = manifest.tasks.flatMap((task) => {
      const lines = manifest.variants.flatMap((variant) => curveLine(model, { task, variant, name, room, notes }));
      return lines.some((line) => line.points.length > 1)
        ? panels({ title: task, x, y, lines, order: manifest.variants, centre: "mean", told: room.told })
        : [];
    });
    if (drawn.length === 0) return [];
    const id = idOf("curve", name, index);
    parts.push({ id, title: metric.label });
    return [
      html`<h3 id="${id}">${metric.label}</h3>
        <div class="panels">${drawn}</div>`,
    ];
  });
  if (figures.length === 0) return null;
  const crossNote = notes.crossed ? " A cross marks where a trial diverged or failed." : "";
  const note = `${linesNote(results, { average: "mean", joined: notes.joined })}${crossNote} A pointer over a line shows its values.`;
  return {
    id: "curves",
    title: "Training curves",
    parts,
    body: html`${figures}
      <p class="note">${note}</p>`,
  };
}

function curveLine(
  { results, curves }: ReportModel,
  {
    task,
    variant,
    name,
    room,
    notes,
  }: {
    readonly task: string;
    readonly variant: string;
    readonly name: string;
    readonly room: Room;
    readonly notes: { crossed: boolean; joined: boolean };
  },
): Line[] {
  const trials = results.of({ task, variant });
  const own = trials.flatMap((trial) => curves.get(trial.id)?.get(name) ?? []);
  const points = curveOverSeeds(own, room.points);
  notes.joined ||= binWidth(own, room.points) > 0;
  const crosses = trials
    .filter((trial) => trial.status === "diverged" || trial.status === "failed")
    .flatMap((trial) => {
      const last = curves.get(trial.id)?.get(name)?.last;
      return last === undefined ? [] : [last];
    });
  notes.crossed ||= crosses.length > 0;
  return points.length === 0 ? [] : [{ label: variant, points, crosses }];
}

/** The figures that the study's trials have made themselves, one section for each name. */
export function seriesSections({ manifest, results }: ReportModel, room: Room): Section[] {
  const names = results.tasks.flatMap((task) =>
    results.variants.flatMap((variant) => results.seriesNames({ task, variant })),
  );
  return [...new Set(names)].sort().flatMap((name, index) => {
    let title = name;
    let joined = false;
    const figures = manifest.tasks.flatMap((task) => {
      const found = manifest.variants
        .map((variant) => ({ variant, series: results.series({ task, variant, name }).map((entry) => entry.series) }))
        .filter((entry) => entry.series.length > 0);
      const first = found[0]?.series[0];
      if (first === undefined) return [];
      title = first.title;
      joined ||= first.x.values.length > room.points;
      const lineNames = [
        ...new Set(found.flatMap((entry) => entry.series.flatMap((series) => Object.keys(series.lines)))),
      ];
      const drawn = lineNames.map((lineName) => ({
        lineName,
        lines: found
          .map(({ variant, series }): Line => ({
            label: variant,
            points: seriesOverSeeds(series, lineName, room.points),
          }))
          .filter((line) => line.points.length > 0),
      }));
      const { x, y } = first;
      const extent = extentOf(
        drawn.flatMap((entry) => entry.lines),
        y,
      );
      const common = { x, y, extent, order: manifest.variants, centre: "median", told: room.told };
      return drawn
        .filter((entry) => entry.lines.length > 0)
        .flatMap(({ lineName, lines }) => panels({ ...common, title: `${task}, ${lineName}`, lines }));
    });
    if (figures.length === 0) return [];
    const body = html`<div class="panels">${figures}</div>
      <p class="note">${linesNote(results, { average: "median", joined })}</p>`;
    return [{ id: idOf("figure", name, index), title, body }];
  });
}
