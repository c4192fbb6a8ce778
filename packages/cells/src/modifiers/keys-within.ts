import type { Keys } from "../cell/context.ts";

/**
 * The keys of the cell that a modifier of this kind wraps. Names of its own kind stand one level deeper, so that of two
 * modifiers of one kind each draws for itself; all others stay, so that modifiers of different kinds may be put in any
 * order.
 */
export function keysWithin(kind: string, keys: Keys): Keys {
  const within = (name: string): string =>
    name.startsWith(`${kind}.`) || name.startsWith(`${kind}/`) ? `${kind}/${name}` : name;
  return { sequence: (name) => keys.sequence(within(name)), step: (name) => keys.step(within(name)) };
}
