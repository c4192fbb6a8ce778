import { html, type Markup } from "@sluice/figures/internal";
import type { Environment, GitState } from "../environment.ts";
import type { Results, TrialRecord } from "../results.ts";
import type { ReportModel } from "./model.ts";
import { formatSeconds } from "./numbers.ts";
import { folderText } from "./tables.ts";
import { trialTable } from "./trial-table.ts";

/** What is needed to run the study again and to compare the results. */
export function provenance(model: ReportModel): Markup {
  const { manifest, results, configs } = model;
  const settingNames = [...new Set(configs.flatMap((entry) => Object.keys(entry.config)))];
  const shared = settingNames.filter(
    (name) => new Set(configs.map((entry) => JSON.stringify(entry.config[name]))).size <= 1,
  );
  const varying = settingNames.filter((name) => !shared.includes(name));
  const reasons = [...new Set(results.trials.flatMap(({ varies }) => varies ?? []))];
  return html`<pre tabindex="0">${manifest.command}</pre>
    ${conditions(model, shared)} ${varying.length > 0 && differing(configs, varying)} ${allTrials(results)}
    ${keptFiles(results)}
    <p class="note">
      To compare a repetition with this run, compare the SHA-256 of the weights.${exceptions(reasons)}
    </p>`;
}

/** Why weights may differ although nothing is wrong. */
function exceptions(reasons: readonly string[]): string {
  if (reasons.length === 0) return "";
  return ` On another machine they may differ in some trials, although nothing is wrong (${reasons.join("; ")}).`;
}

/** What was the same for all trials: machine, code, data, and these settings. */
function conditions(model: ReportModel, shared: readonly string[]): Markup {
  const { manifest, environments, configs, others, results } = model;
  const changes = environments.flatMap((entry) => entry.changes ?? [])[0];
  const ended = results.trials.flatMap(({ finished }) => finished ?? []).sort();
  return html`<dl>
    ${
      ended.length > 0 &&
      html`<dt>trials ended</dt>
        <dd>
          ${[...new Set([ended[0], ended.at(-1)])].map((date) => date?.replace(/\..*/, "").replace("T", " ")).join(" to ")}
          UTC
        </dd>`
    }${environments.map(
      ({ environment, trials }) =>
        html`<dt>${environments.length > 1 ? `environment of ${trials} trials` : "environment"}</dt>
          <dd>${environmentText(environment)}</dd>
          <dt>commit</dt>
          <dd>${commitOf(environment.git)}</dd>`,
    )}${
      changes !== undefined &&
      html`<dt>uncommitted changes</dt>
        <dd>saved with every trial, as in <code>${changes}</code></dd>`
    }
    <dt>code</dt>
    <dd><code>${manifest.code}</code></dd>
    ${
      manifest.unresolved !== undefined &&
      html`<dt>code that this does not cover</dt>
        <dd>
          ${manifest.unresolved.map((what) => html`<p>${what}</p>`)}An edit there does not change a trial's identity.
        </dd>`
    }${Object.entries(manifest.data).map(
      ([name, hash]) =>
        html`<dt>data: ${name}</dt>
          <dd><code>${hash}</code></dd>`,
    )}${
      shared.length > 0 &&
      html`<dt>settings</dt>
        <dd>${shared.map((name) => `${name} ${settingText(configs[0]?.config[name])}`).join(" · ")}</dd>`
    }${
      others > 0 &&
      html`<dt>also in the folder</dt>
        <dd>
          ${others} ${others === 1 ? "trial" : "trials"} of other code, data or settings: kept, and not part of this
          report
        </dd>`
    }
  </dl>`;
}

function differing(configs: ReportModel["configs"], varying: readonly string[]): Markup {
  return html`<details>
    <summary>Settings that differ</summary>
    <div class="scroll" role="region" aria-label="Settings that differ" tabindex="0">
      <table>
        <thead>
          <tr>
            <th scope="col">task</th>
            <th scope="col">variant</th>
            ${varying.map((name) => html`<th scope="col">${name}</th>`)}
          </tr>
        </thead>
        <tbody>
          ${configs.map(
            (entry) =>
              html`<tr>
                <td>${entry.task}</td>
                <td>${entry.variant}</td>
                ${varying.map((name) => html`<td>${settingText(entry.config[name])}</td>`)}
              </tr>`,
          )}
        </tbody>
      </table>
    </div>
  </details>`;
}

function allTrials({ trials, variants }: Results): Markup {
  return html`<details>
    <summary>Trials: id, time, and SHA-256 of the weights</summary>
    ${trialTable(trials, variants, [
      { title: "trial", cell: ({ id }) => html`<code>${id.slice(0, 12)}</code>` },
      { title: "time", kind: "number", cell: ({ seconds }) => (seconds === undefined ? "–" : formatSeconds(seconds)) },
      { title: "weights", kind: "wrap", cell: ({ weights }) => html`<code>${weights ?? "–"}</code>` },
    ])}
  </details>`;
}

/** The files of every trial that has kept any, such as its weights, with the folder for `loadTrial`. */
function keptFiles({ trials, variants }: Results): Markup | null {
  const namesOf = ({ files = {} }: TrialRecord): string[] => Object.keys(files);
  const kept = trials.filter((trial) => trial.files !== undefined);
  if (kept.length === 0) return null;
  return html`<details>
    <summary>Files that the trials kept, such as their weights</summary>
    <p class="note">
      Folders are below that of this page. <code>loadTrial(folder)</code> of <code>@sluice/runner</code> reads settings,
      curves, results and weights of a trial back.
    </p>
    ${trialTable(kept, variants, [
      { title: "folder", cell: (trial) => html`<code>${folderText(trial)}</code>` },
      {
        title: "files",
        kind: "wrap",
        cell: (trial) => html`${namesOf(trial).map((name, i) => html`${i > 0 && ", "}<code>files/${name}</code>`)}`,
      },
    ])}
  </details>`;
}

function environmentText({ runtime, engine, os, cpu, cores, memoryGiB, threads }: Environment): string {
  const count = (n: number, word: string): string => `${n} ${word}${n === 1 ? "" : "s"}`;
  return [
    [runtime, engine].filter((part) => part !== null).join(", "),
    os,
    [cpu, cores === null ? null : count(cores, "core")].filter((part) => part !== null).join(", "),
    memoryGiB === null ? null : `${memoryGiB} GiB of memory`,
    threads === null ? null : `${count(threads, "thread")} per trial`,
  ]
    .filter((part) => part !== null && part !== "")
    .join("; ");
}

function commitOf(git: GitState | null): Markup | string {
  if (git === null) return "not in a repository";
  const commit = git.commit === null ? "none" : html`<code>${git.commit}</code>`;
  if (git.lost !== undefined) return html`${commit}. Not known: ${git.lost}`;
  return html`${commit}${git.uncommitted === null ? ", nothing uncommitted" : html` with uncommitted changes <code>${git.uncommitted.slice(0, 16)}</code>`}`;
}

function settingText(value: unknown): string {
  return typeof value === "string" ? value : (JSON.stringify(value) ?? "–");
}
