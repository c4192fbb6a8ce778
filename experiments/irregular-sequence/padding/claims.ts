import { alike, meanTest, sampleMean, type Claim, type ClaimTest, type Results, type Verdict } from "@sluice/study";
import { perStep, soFar } from "./timing.ts";

const [equal, skewed] = ["equal lengths", "one in ten long"];

/** With fewer seeds nothing is decided, as in the other tests over seeds. */
const fewestSeeds = 5;

/** All are our own questions; the times are those of the machine that ran the study. */
export const claims: readonly Claim[] = [
  cheaper("Any order", "Every step", skewed),
  cheaper("Longest first", "Any order", skewed),
  cheaper("Similar lengths", "Longest first", skewed),
  {
    text: "If all series are equally long, a step takes at most 10 % longer if the lengths are told.",
    kind: "own",
    test: ratioBelow(1.1, { variant: "Longest first", task: equal }, { variant: "Every step", task: equal }),
  },
  {
    text: "With similar lengths together, a real step costs at most 25 % more if one in ten series is long than if all are equal.",
    kind: "own",
    test: ratioBelow(1.25, { variant: "Similar lengths", task: skewed }, { variant: "Similar lengths", task: equal }),
  },
  {
    text: "With the same rows, longest first, telling the lengths changes no bit of the trained weights.",
    kind: "own",
    test: sameWeights("Longest first", "Every step"),
  },
  {
    text: "Where one in ten series is long, putting similar lengths together changes the accuracy by less than 5 points.",
    kind: "own",
    test: alike({ task: skewed, metric: "accuracy", variant: "Similar lengths", than: "Longest first", within: 5 }),
  },
];

interface Place {
  readonly variant: string;
  readonly task: string;
}

function cheaper(variant: string, than: string, task: string): Claim {
  return {
    text: `Where ${task === skewed ? "one in ten series is long" : "all are equally long"}, a real step takes less time with “${variant}” than with “${than}”.`,
    kind: "own",
    test: ratioBelow(1, { variant, task }, { variant: than, task }),
  };
}

/** The time of an epoch per real step, of every trial by seed. */
function timesOf(results: Results, place: Place): ReadonlyMap<number, number> {
  return new Map(
    results
      .series({ ...place, name: perStep })
      .map(({ seed, series }) => [seed, series.lines[soFar]?.at(-1) ?? Number.NaN]),
  );
}

/** Tests over seeds, by Student's t, that the ratio of two times is below a bound. */
function ratioBelow(bound: number, of: Place, to: Place): ClaimTest {
  return (results) => {
    const [times, others] = [timesOf(results, of), timesOf(results, to)];
    const ratios = [...times].flatMap(([seed, time]) => {
      const other = others.get(seed);
      return other === undefined ? [] : [time / other];
    });
    if (ratios.length < fewestSeeds)
      return {
        verdict: "undecided",
        because: `Pairs of trials that were timed: ${ratios.length}; needs at least ${fewestSeeds} seeds`,
      };
    const p = meanTest(ratios, bound);
    const micros = (place: ReadonlyMap<number, number>): string => sampleMean([...place.values()]).toPrecision(3);
    const named = of.task === to.task ? "" : `; ${of.task} and ${to.task}`;
    return {
      verdict: p >= 0.05 ? "undecided" : sampleMean(ratios) < bound ? "reproduced" : "not reproduced",
      because: `${of.variant} takes ${micros(times)} µs per real step and ${to.variant} ${micros(others)}${named}: ${sampleMean(ratios).toPrecision(3)} times, compared with ${bound}, p = ${p.toPrecision(2)} over ${ratios.length} seeds`,
      p,
    };
  };
}

/** Whether two variants have the same weights, to the bit, for every task and seed. */
function sameWeights(variant: string, than: string): ClaimTest {
  return (results): Verdict => {
    const pairs = results.tasks.flatMap((task) =>
      results.of({ task, variant }).map(({ seed, weights }) => {
        const other = results.of({ task, variant: than }).find((trial) => trial.seed === seed)?.weights;
        return { done: weights !== undefined && other !== undefined, same: weights === other };
      }),
    );
    const done = pairs.filter((pair) => pair.done);
    const same = done.filter((pair) => pair.same).length;
    const because = `${same} of ${done.length} pairs of trials with the same task and seed have the same weights`;
    const seeds = new Set(results.of({ task: skewed, variant }).map(({ seed }) => seed)).size;
    if (done.length < pairs.length || seeds < fewestSeeds)
      return { verdict: "undecided", because: `${because}; needs all of them, and at least ${fewestSeeds} seeds` };
    return { verdict: same === done.length ? "reproduced" : "not reproduced", because };
  };
}
