import { linearAxis } from "./axes.ts";
import { round, svg } from "./svg.ts";
import type { Evaluation } from "./training.ts";

const LOW = -0.25;
const HIGH = 2.25;
const TOP = 8;
const BOTTOM = 40;
const LEFT = 40;
const RIGHT = 8;

/**
 * A scatter plot of answers over correct sums. Always answering 1 gives points on the horizontal line; correct answers
 * lie on the diagonal.
 */
export function scatter(answers: Evaluation["answers"], size: number): string {
  const [right, bottom] = [size - RIGHT, size - BOTTOM];
  const x = linearAxis(LOW, HIGH, [LEFT, right], 3);
  const y = linearAxis(LOW, HIGH, [bottom, TOP], 3);
  const at = (sum: number, answer: number): string => `${round(x.place(sum))},${round(y.place(answer))}`;
  return svg(size, size, [
    ...x.ticks.map(
      (tick) =>
        `<path class="axis" d="M${round(x.place(tick))},${bottom}v4"/><text x="${round(x.place(tick))}" y="${bottom + 17}" text-anchor="middle">${tick}</text>`,
    ),
    ...y.ticks.map(
      (tick) =>
        `<path class="grid" d="M${LEFT},${round(y.place(tick))}H${right}"/><text x="${LEFT - 8}" y="${round(y.place(tick) + 4)}" text-anchor="end">${tick}</text>`,
    ),
    `<path class="axis" d="M${LEFT},${bottom}H${right}"/>`,
    `<path class="baseline" d="M${at(LOW, 1)}L${at(HIGH, 1)}"/><path class="diagonal" d="M${at(LOW, LOW)}L${at(HIGH, HIGH)}"/>`,
    ...answers.map(({ sum, answer }) => {
      const inside = Math.min(HIGH, Math.max(LOW, answer));
      return `<circle class="answer" cx="${round(x.place(sum))}" cy="${round(y.place(inside))}" r="2.4"/>`;
    }),
    `<text x="${round((LEFT + right) / 2)}" y="${size - 4}" text-anchor="middle">correct sum</text>`,
    `<text transform="translate(11 ${round((TOP + bottom) / 2)}) rotate(-90)" text-anchor="middle">answer</text>`,
  ]);
}
