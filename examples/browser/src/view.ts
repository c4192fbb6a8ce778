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

/** Shows the state of a run. */
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
        ? "Try again, or choose another backend."
        : `The weights of step ${losses.length} are kept. Continue from there, on this backend or another.`,
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

/** Draws the loss curve and the answers, as large as the page allows. */
export function showFigures(state: RunState): void {
  const place = element("curve", HTMLElement);
  const width = place.clientWidth;
  place.innerHTML = curve(state, width, Math.round(Math.min(380, Math.max(240, width * 0.5))));
  const last = state.heldOut.at(-1);
  const error =
    last === undefined
      ? "nothing has been trained yet"
      : `held-out error ${significant(last.error)} after ${last.step} steps; always answering 1 gives 0.167`;
  place.setAttribute("aria-label", `Loss over ${state.losses.length} steps: ${error}.`);

  const answers = element("answers", HTMLElement);
  answers.innerHTML = scatter(state.answers, Math.min(260, answers.clientWidth));
  answers.setAttribute(
    "aria-label",
    `Answers to ${state.answers.length} held-out sequences over the correct sums; ${error}.`,
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
      ? "Any machine gives the same hash with any number of threads. Check it in Node:"
      : others.length > 0
        ? "These weights were trained on several backends, so no single run reproduces them."
        : "Rounding on this backend depends on the device, so another machine may give other weights.",
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
    return "You can change the backend and the threads now; training continues from the same weights. To change the model or the training, reset.";
  return "Pause to change the backend or the threads. Reset to change the model or the training.";
}

function paceOf({ pace }: RunState): { readonly milliseconds?: number; readonly speed?: number } {
  const steps = pace.reduce((sum, reply) => sum + reply.steps, 0);
  if (steps === 0) return {};
  const total = (of: "training" | "milliseconds"): number => pace.reduce((sum, reply) => sum + reply[of], 0);
  return { milliseconds: total("training") / steps, speed: (1000 * steps) / total("milliseconds") };
}

/** Sets the text only if it changed, so that screen readers do not announce it twice. */
function setText(id: string, text: string): void {
  const place = element(id, HTMLElement);
  if (place.textContent !== text) place.textContent = text;
}
