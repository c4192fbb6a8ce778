import { createForm } from "./form.ts";
import { element } from "./element.ts";
import { createRun, isBusy, isOpen, type Run } from "./run.ts";
import { show, showFigures } from "./view.ts";

const form = await createForm();
let run = newRun();
let frame = 0;

function newRun(): Run {
  return createRun(form.settings(), draw);
}

/** Shows the current run in the next animation frame, at most once per frame. */
function draw(): void {
  cancelAnimationFrame(frame);
  frame = requestAnimationFrame(() => {
    form.lock({ run: !isOpen(run.state), where: isBusy(run.state) });
    show(run.state);
  });
}

function reset(): void {
  run.end();
  run = newRun();
  draw();
}

element("form", HTMLFormElement).addEventListener("submit", (event) => {
  event.preventDefault();
  if (isBusy(run.state)) return run.pause();
  if (isOpen(run.state)) reset();
  void run.start(form.target());
});
element("form", HTMLFormElement).addEventListener("change", () => {
  if (run.state.phase === "ready") reset();
});
element("reset", HTMLButtonElement).addEventListener("click", reset);
new ResizeObserver(() => showFigures(run.state)).observe(element("curve", HTMLElement));
draw();
