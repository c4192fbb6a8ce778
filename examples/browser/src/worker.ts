// Trains in a worker, so that the page's thread stays free for drawing and clicks.
import { backendNamed } from "./backends.ts";
import type { Progress, Reply, Request } from "./protocol.ts";
import { startTraining, type Training } from "./training.ts";

/** Steps between two evaluations. */
const EVALUATE_EVERY = 25;
/**
 * Milliseconds of training per reply: short enough for a curve that moves and for a pause that takes effect at once.
 */
const MOMENT = 50;

let training: Training | undefined;
let steps = 0;

addEventListener(
  "message",
  ({ data }: MessageEvent<Request>) =>
    void answer(data).then(send, (error: unknown) => send({ error: messageOf(error) })),
);

function send(reply: Reply): void {
  postMessage(reply);
}

async function answer(request: Request): Promise<Progress> {
  if (request.kind === "start") {
    const { settings, target, saved } = request;
    const backend = await backendNamed(target.backend).make(target);
    training = await startTraining(settings, backend, saved);
    steps = settings.steps;
    return { step: training.step, losses: [], milliseconds: 0, ...(await evaluate(training)) };
  }
  if (training === undefined) throw new Error(`${request.kind}: nothing has been started`);
  if (request.kind === "save")
    return {
      step: training.step,
      losses: [],
      milliseconds: 0,
      saved: await training.save(),
      hash: await training.hash(),
    };
  return train(training);
}

async function train(training: Training): Promise<Progress> {
  const losses: number[] = [];
  const start = performance.now();
  let milliseconds = 0;
  while (training.step < steps && milliseconds < MOMENT) {
    losses.push(await training.next());
    milliseconds = performance.now() - start;
    if (training.step % EVALUATE_EVERY === 0) break;
  }
  const due = training.step % EVALUATE_EVERY === 0 || training.step === steps;
  return { step: training.step, losses, milliseconds, ...(due ? await evaluate(training) : {}) };
}

async function evaluate(training: Training) {
  return { evaluation: await training.evaluate(), saved: await training.save() };
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
