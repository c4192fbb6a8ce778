import { all, alike, better, reaches, type Claim } from "@sluice/study";

const titles = { events: "On event XOR", chorales: "On Bach’s chorales" } as const;
type Task = keyof typeof titles;

/** Both gates of one network are one claim. */
const usesBoth = (task: Task): Claim => ({
  text: `${titles[task]}, a trained GRU varies both gates to its gain: its held-out loss is higher with the update gate fixed at its mean, and with the reset gate.`,
  kind: "own",
  test: all(
    reaches({ task, variant: "GRU", metric: "keepWorth", value: 0 }),
    reaches({ task, variant: "GRU", metric: "readWorth", value: 0 }),
  ),
});

const takesOver = (task: Task): Claim => ({
  text: `${titles[task]}, varying the update gate is worth more to a GRU that was trained without a reset gate.`,
  kind: "own",
  test: better({ task, metric: "keepWorth", variant: "GRU without reset", than: "GRU" }),
});

const doesWithout = (task: Task): Claim => ({
  text: `${titles[task]}, a GRU that was trained without a reset gate has a lower held-out loss than one whose reset gate is fixed at its mean after training: ablation overstates what the gate is needed for.`,
  kind: "own",
  test: better({ task, metric: "readAtMean", variant: "GRU without reset", than: "GRU" }),
});

export const claims: readonly Claim[] = [
  usesBoth("events"),
  usesBoth("chorales"),
  takesOver("events"),
  takesOver("chorales"),
  doesWithout("events"),
  doesWithout("chorales"),
  {
    text: "On Bach’s chorales, GRUs with and without a reset gate are alike: their held-out losses differ by less than 0.1 nats per step.",
    kind: "own",
    test: alike({ task: "chorales", metric: "testLoss", variant: "GRU without reset", than: "GRU", within: 0.1 }),
  },
];
