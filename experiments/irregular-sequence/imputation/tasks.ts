import type { Kind } from "./weather.ts";

const kinds: readonly Kind[] = ["completely at random", "at random", "not at random", "blocks"];
const rates = [0.1, 0.3, 0.5] as const;
type Rate = (typeof rates)[number];

const words: { readonly [kind in Kind]: string } = {
  "completely at random": "completely at random",
  "at random": "at random",
  "not at random": "not at random",
  blocks: "in blocks of a week",
};

/** The name of a task: a kind and a rate of missing values. */
export const taskOf = (kind: Kind, rate: Rate): string => `${words[kind]}, ${Math.round(100 * rate)} %`;

/** Every kind at every rate. */
export const tasks = Object.fromEntries(
  kinds.flatMap((kind) => rates.map((rate) => [taskOf(kind, rate), { kind, rate }] as const)),
);
