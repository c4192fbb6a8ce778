import { linearAxis, log10, logAxis, type Axis } from "./axes.ts";
import { significant } from "./numbers.ts";
import type { RunState } from "./run.ts";
import { round, svg } from "./svg.ts";
import { BASELINE } from "./task.ts";

/** How many steps the curve shows. */
const WINDOW = 1000;
const TOP = 10;
const BOTTOM = 40;
const LEFT = 46;
const RIGHT = 16;

type Shown = Pick<RunState, "settings" | "losses" | "heldOut">;
type Point = { readonly step: number; readonly error: number };

/**
 * The loss over the last steps, as an SVG `width` by `height` pixels: of each batch, of the held-out sequences, and of
 * always answering 1.
 */
export function curve({ settings, losses, heldOut }: Shown, width: number, height: number): string {
  const to = Math.max(losses.length, Math.min(settings.steps, WINDOW));
  const from = Math.max(0, to - WINDOW);
  const batches = losses.map((error, i) => ({ step: i + 1, error })).slice(from);
  const unseen = heldOut.filter(({ step }) => step >= from);
  const [low, high] = extentOf([...batches, ...unseen]);

  const [right, bottom] = [width - RIGHT, height - BOTTOM];
  const x = linearAxis(from, to, [LEFT, right], width < 500 ? 4 : 8);
  const y = logAxis(low, high, [bottom, TOP]);
  const baseline = round(y.place(BASELINE));
  return svg(width, height, [
    ...y.ticks.map(
      (tick) =>
        `<path class="grid" d="M${LEFT},${round(y.place(tick))}H${right}"/><text x="${LEFT - 8}" y="${round(y.place(tick) + 4)}" text-anchor="end">${significant(tick)}</text>`,
    ),
    ...x.ticks.map(
      (tick) =>
        `<path class="axis" d="M${round(x.place(tick))},${bottom}v4"/><text x="${round(x.place(tick))}" y="${bottom + 17}" text-anchor="middle">${tick}</text>`,
    ),
    `<path class="axis" d="M${LEFT},${bottom}H${right}"/>`,
    `<text x="${round((LEFT + right) / 2)}" y="${height - 4}" text-anchor="middle">training step</text>`,
    `<path class="batch-loss" d="${line(batches, x, y)}"/>`,
    `<path class="baseline" d="M${LEFT},${baseline}H${right}"/>`,
    `<path class="held-out" d="${line(unseen, x, y)}"/>`,
    ...unseen.map(
      ({ step, error }) =>
        `<circle class="held-out-point" cx="${round(x.place(step))}" cy="${round(y.place(error))}" r="2.6"/>`,
    ),
    `<text class="baseline-label" x="${right}" y="${baseline - 7}" text-anchor="end">always answering 1: 1/6</text>`,
  ]);
}

function line(points: readonly Point[], x: Axis, y: Axis): string {
  return points
    .map(({ step, error }, i) => `${i === 0 ? "M" : "L"}${round(x.place(step))},${round(y.place(error))}`)
    .join("");
}

/** The range of the loss axis: down to a whole decade, at most 0.01, so that the axis seldom changes. */
function extentOf(points: readonly Point[]): [number, number] {
  let [low, high] = [0.01, 1];
  for (const { error } of points) [low, high] = [error > 0 ? Math.min(low, error) : low, Math.max(high, error)];
  return [Number(`1e${Math.floor(log10(low) + 1e-9)}`), high];
}
