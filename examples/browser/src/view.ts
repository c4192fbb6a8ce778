import { backendNamed, backends } from "./backends.ts";
import { curve } from "./curve.ts";
import { element } from "./element.ts";
import { significant } from "./numbers.ts";
import { isBusy, isOpen, type Phase, type RunState } from "./run.ts";
import { scatter } from "./scatter.ts";
import { defaults, type Settings } from "./settings.ts";

const startLabels: { readonly [phase in Phase]: string } = {
  ready: "Start",
  starting: "Pause",
  training: "Pause",
  pausing: "Pause",
  paused: "Continue",
  done: "Start again",
  failed: "Try again",
};

/** Shows a run. */
export function show(state: RunState): void {
  const { phase, settings, losses, heldOut, failure } = state;
  const start = element("start", HTMLButtonElement);
  start.textContent = startLabels[phase];
  start.disabled = phase === "pausing";
  element("reset", HTMLButtonElement).disabled = phase === "ready";
  setText("status", statusOf(state));

  element("failure", HTMLElement).hidden = failure === undefined;
  setText("failure-message", failure ?? "");
  setText(
    "failure-hint",
    failure === undefined
      ? ""
      : losses.length === 0
        ? "Try again, or choose where else to run it."
        : `The weights of step ${losses.length} are kept: go on from them, here or elsewhere.`,
  );

  const last = heldOut.at(-1);
  setText("step", losses.length === 0 ? "–" : `${losses.length} of ${settings.steps}`);
  setText("loss", significant(losses.at(-1)));
  setText("held-out", significant(last?.error));
  const { milliseconds, speed } = paceOf(state);
  setText("milliseconds", milliseconds === undefined ? "–" : `${significant(milliseconds)} ms`);
  setText("speed", significant(speed));
  setText("settings-note", noteOf(state));
  showWeights(state);
  showFigures(state);
}

/** Loss curve and answers, as large as there is room. */
export function showFigures(state: RunState): void {
  const place = element("curve", HTMLElement);
  const width = place.clientWidth;
  place.innerHTML = curve(state, width, Math.round(Math.min(380, Math.max(240, width * 0.5))));
  const last = state.heldOut.at(-1);
  const error =
    last === undefined
      ? "nothing has been trained yet"
      : `held-out error ${significant(last.error)} after ${last.step} steps; always answering 1 has 0.167`;
  place.setAttribute("aria-label", `Loss over ${state.losses.length} steps: ${error}.`);

  const answers = element("answers", HTMLElement);
  answers.innerHTML = scatter(state.answers, Math.min(260, answers.clientWidth));
  answers.setAttribute(
    "aria-label",
    `Answers to ${state.answers.length} held-out sequences over the sums asked for; ${error}.`,
  );
}

function showWeights({ hash, losses, settings, backends: used }: RunState): void {
  element("weights", HTMLElement).hidden = hash === undefined;
  if (hash === undefined) return;
  setText("weights-step", `after ${losses.length} steps from seed ${settings.seed}`);
  setText("hash", hash);
  const [only, ...others] = used;
  const exact = only !== undefined && others.length === 0 && backendNamed(only).exact;
  setText(
    "weights-note",
    exact
      ? "Every machine has the same, with any number of threads; so has Node:"
      : others.length > 0
        ? "More than one backend had a hand in them, so no one run has the same."
        : "This backend rounds as the device does, so another machine may have others.",
  );
  const command = element("node-command", HTMLElement);
  command.hidden = !exact;
  command.textContent = exact ? nodeCommand({ ...settings, steps: losses.length }, only) : "";
}

function nodeCommand(settings: Settings, backend: string): string {
  const given = Object.entries({ ...settings, backend });
  const usual = new Map<string, number | string>(Object.entries({ ...defaults, backend: backends[0]!.name }));
  const options = given
    .filter(([name, value]) => usual.get(name) !== value)
    .map(([name, value]) => ` --${name} ${value}`);
  return `npm run example:node${options.length > 0 ? " --" : ""}${options.join("")}`;
}

function statusOf({ phase, losses }: RunState): string {
  switch (phase) {
    case "ready":
      return "Ready.";
    case "starting":
      return "Compiling the training step…";
    case "training":
      return "Training.";
    case "pausing":
      return "Pausing…";
    case "paused":
      return `Paused after ${losses.length} steps.`;
    case "done":
      return `Done: ${losses.length} steps.`;
    case "failed":
      return "Stopped.";
  }
}

function noteOf({ phase, losses }: RunState): string {
  if (isOpen({ phase, losses })) return "";
  if (!isBusy({ phase }))
    return "Where it runs may be changed now; training then goes on from the same weights. Reset to change the run.";
  return "Pause to change where it runs, reset to change the run.";
}

function paceOf({ pace }: RunState): { readonly milliseconds?: number; readonly speed?: number } {
  const steps = pace.reduce((sum, reply) => sum + reply.steps, 0);
  if (steps === 0) return {};
  const total = (of: "training" | "milliseconds"): number => pace.reduce((sum, reply) => sum + reply[of], 0);
  return { milliseconds: total("training") / steps, speed: (1000 * steps) / total("milliseconds") };
}

/** Only where it changes, so that nothing is announced twice. */
function setText(id: string, text: string): void {
  const place = element(id, HTMLElement);
  if (place.textContent !== text) place.textContent = text;
}
