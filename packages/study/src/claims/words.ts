import type { ClaimKind, Verdict } from "./claim.ts";

const words: { readonly [kind in ClaimKind]: { readonly [verdict in Verdict["verdict"]]: string } } = {
  published: { reproduced: "reproduced", "not reproduced": "not reproduced", undecided: "undecided" },
  ordering: {
    reproduced: "the ordering holds in this setting",
    "not reproduced": "the ordering does not hold in this setting",
    undecided: "undecided",
  },
  own: { reproduced: "confirmed", "not reproduced": "not confirmed", undecided: "undecided" },
};

/** What a reader is told: the verdict in the words of the claim's kind. */
export function verdictWords(kind: ClaimKind, verdict: Verdict["verdict"]): string {
  return words[kind][verdict];
}
