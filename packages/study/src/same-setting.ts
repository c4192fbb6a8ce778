import type { Claim, ClaimKind } from "./claims/claim.ts";

/**
 * Whether a published setting is the one measured here: in all budgets, in none, or in those that are named:
 * `{ budgets: ["paper"] }`. A run with other settings than its budget's (`sluice run study hidden=16`) never measures
 * the published setting.
 */
export type SameSetting = boolean | { readonly budgets: readonly string[] };

/** Whether a run with this budget measures the published setting. */
export const isSameSetting = (given: SameSetting, budget: string | undefined): boolean =>
  typeof given === "boolean" ? given : budget !== undefined && given.budgets.includes(budget);

/** The kind of a claim in a run with this budget: what is "published" is an "ordering" in another setting. */
export function kindIn({ kind = "published", sameSetting = true }: Claim, budget: string | undefined): ClaimKind {
  return kind === "published" && !isSameSetting(sameSetting, budget) ? "ordering" : kind;
}

/** What is left of it if a run keeps the settings of these budgets only. */
export const sameSettingAmong = (given: SameSetting, kept: readonly string[]): SameSetting => ({
  budgets: kept.filter((budget) => isSameSetting(given, budget)),
});
