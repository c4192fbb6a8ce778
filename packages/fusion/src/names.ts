/** Values by the names of modalities. */
import { TensorError } from "@sluice/tensor";
import { shown } from "@sluice/tensor/internal";

/** A value for each name. */
export function byName<M extends string, T>(
  names: readonly M[],
  value: (name: M, m: number) => T,
): Readonly<Record<M, T>>;
export function byName<T>(
  names: readonly string[],
  value: (name: string, m: number) => T,
): Readonly<Record<string, T>> {
  return Object.fromEntries(names.map((name, m) => [name, value(name, m)]));
}

/** Throws if there is no name, or if one comes twice. */
export function checkNames(operation: string, names: readonly string[]): void {
  if (names.length === 0) throw new TensorError(`${operation}: expected at least one modality, got none`);
  const repeated = names.find((name, i) => names.indexOf(name) !== i);
  if (repeated !== undefined) throw new TensorError(`${operation}: the modality ${repeated} comes twice`);
}

/** Throws if a score is not a finite number. */
export function checkScore(operation: string, of: string, score: unknown): number {
  if (typeof score === "number" && Number.isFinite(score)) return score;
  throw new TensorError(`${operation}: the score ${of} is ${shown(score)}, expected a finite number`);
}
