/** Windows of steps and groups of features that {@link occlusion} replaces together. */
import { TensorError } from "@sluice/tensor";
import { shown } from "@sluice/tensor/internal";

/** Steps `from` to `to`, without `to`. */
export interface TimeWindow {
  readonly from: number;
  readonly to: number;
}

/** Features that are replaced together, by their positions on the flattened feature axes. */
export interface FeatureGroup {
  readonly name: string;
  readonly features: readonly number[];
}

/**
 * Windows of `width` steps, one every `stride` steps, until one reaches the end; the last is cut there. As captum's
 * windows.
 */
export function timeWindows(
  operation: string,
  time: number,
  { width, stride }: { readonly width: number; readonly stride: number },
): readonly TimeWindow[] {
  for (const [name, given] of Object.entries({ window: width, stride })) {
    if (!Number.isInteger(given) || given < 1)
      throw new TensorError(`${operation}: ${name} must be an integer of at least 1 (steps), got ${shown(given)}`);
  }
  if (stride > width)
    throw new TensorError(
      `${operation}: stride ${stride} is larger than the window of ${width} steps, so steps between windows would never be replaced; take a stride of at most ${width}`,
    );
  const count = time === 0 ? 0 : 1 + Math.max(0, Math.ceil((time - width) / stride));
  return Array.from({ length: count }, (_, i) => ({ from: i * stride, to: Math.min(i * stride + width, time) }));
}

/** Every feature on its own, or the groups that are given by name. */
export function featureGroups(
  operation: string,
  features: readonly string[],
  groups: Readonly<Record<string, readonly number[]>> | undefined,
): readonly FeatureGroup[] {
  if (groups === undefined) return features.map((name, i) => ({ name, features: [i] }));
  return Object.entries(groups).map(([name, group]) => {
    const strange = group.find((i) => !Number.isInteger(i) || i < 0 || i >= features.length);
    if (strange !== undefined || group.length === 0)
      throw new TensorError(
        `${operation}: group ${name} must list positions of features from 0 to ${features.length - 1}, got ${strange === undefined ? "none" : shown(strange)}`,
      );
    return { name, features: group };
  });
}
