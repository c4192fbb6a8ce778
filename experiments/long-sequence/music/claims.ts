import { alike, better, matchesPublished, type Claim } from "@sluice/study";

const bai = "Bai et al. 2018, table 1";
const titles = { chorales: "On Bach’s chorales", tunes: "On folk tunes" } as const;

const predictsBetter = (task: keyof typeof titles, variant: string, than: string): Claim => ({
  text: `${titles[task]}, ${variant} predicts the next keys better than ${than} (${bai}).`,
  kind: "ordering",
  test: better({ task, metric: "nll", variant, than }),
});

export const claims: readonly Claim[] = [
  {
    text: `On Bach’s chorales, an LSTM with 2 layers of 200 has a negative log-likelihood of 8.45 nats per step (${bai}), within 0.15.`,
    sameSetting: { budgets: ["full"] },
    test: matchesPublished({ task: "chorales", metric: "nll", variant: "LSTM", value: 8.45, margin: 0.15 }),
  },
  predictsBetter("chorales", "GRU", "RNN"),
  predictsBetter("chorales", "LSTM", "RNN"),
  {
    text: `On Bach’s chorales, GRU and LSTM predict alike: their likelihoods differ by less than 0.1 nats (${bai}: 0.02).`,
    kind: "ordering",
    test: alike({ task: "chorales", metric: "nll", variant: "GRU", than: "LSTM", within: 0.1 }),
  },
  predictsBetter("tunes", "LSTM", "GRU"),
  predictsBetter("tunes", "GRU", "RNN"),
  predictsBetter("tunes", "LSTM", "RNN"),
];
