import { backendNamed, backends, type BackendChoice, type Found } from "./backends.ts";
import { deviceNote } from "./device.ts";
import { element } from "./element.ts";
import type { ExecutionTarget } from "./protocol.ts";
import { defaults, settingsFrom, type Settings } from "./settings.ts";

const MOST_THREADS = 8;

/** The form where the visitor chooses a run and the backend. */
export interface Form {
  settings(): Settings;
  target(): ExecutionTarget;
  /** Disables the settings that cannot be changed now. */
  lock(locked: { readonly run: boolean; readonly where: boolean }): void;
}

/** Fills in the page's form. Backends that cannot run here are disabled and show the reason. */
export async function createForm(): Promise<Form> {
  const form = element("form", HTMLFormElement);
  const control = (name: string): HTMLSelectElement | HTMLInputElement => {
    const found = form.elements.namedItem(name);
    if (found instanceof HTMLSelectElement || found instanceof HTMLInputElement) return found;
    throw new Error(`The form has no field ${name}.`);
  };
  for (const [name, value] of Object.entries(defaults)) control(name).value = String(value);

  const found = await Promise.all(backends.map(async (choice) => choice.look?.() ?? {}));
  const first = backends.find((_, i) => found[i]!.unavailable === undefined);
  element("backends", HTMLElement).append(...backends.map((choice, i) => radio(choice, found[i]!, choice === first)));
  const chosen = (): BackendChoice => backendNamed(String(new FormData(form).get("backend") ?? first?.name));

  const threads = control("threads");
  const most = crossOriginIsolated ? Math.min(MOST_THREADS, navigator.hardwareConcurrency) : 1;
  threads.append(...Array.from({ length: most }, (_, i) => new Option(String(i + 1))));
  const explainThreads = (): void => {
    threads.disabled = !chosen().threads || most === 1;
    element("threads-note", HTMLElement).textContent = threadsNote(chosen(), most);
  };
  form.addEventListener("change", explainThreads);
  explainThreads();

  return {
    settings: () => settingsFrom((name) => control(name).value),
    target: () => ({ backend: chosen().name, threads: chosen().threads ? Number(threads.value) : 1 }),
    lock({ run, where }) {
      element("run", HTMLFieldSetElement).disabled = run;
      element("where", HTMLFieldSetElement).disabled = where;
    },
  };
}

function radio({ name, label, note }: BackendChoice, { unavailable, device }: Found, checked: boolean): HTMLElement {
  const [id, noteId] = [`backend-${name}`, `backend-${name}-note`];
  const input = Object.assign(document.createElement("input"), {
    id,
    type: "radio",
    name: "backend",
    value: name,
    checked,
    disabled: unavailable !== undefined,
  });
  input.setAttribute("aria-describedby", noteId);
  const title = Object.assign(document.createElement("label"), { htmlFor: id, textContent: label });
  const text = Object.assign(document.createElement("p"), {
    id: noteId,
    className: unavailable === undefined ? "note" : "note unavailable",
    textContent: unavailable ?? `${note} ${deviceNote(device)}`,
  });
  const choice = Object.assign(document.createElement("div"), { className: "choice" });
  choice.append(input, title, text);
  return choice;
}

function threadsNote({ threads, label }: BackendChoice, most: number): string {
  if (!threads) return `${label} uses one thread.`;
  if (!crossOriginIsolated)
    return "One thread only: the server did not send the headers for cross-origin isolation, so threads cannot share memory.";
  return most === 1
    ? "One thread only: this machine has one processor core."
    : "Threads change the speed, never the result.";
}
