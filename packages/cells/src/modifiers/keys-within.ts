import type { Keys } from "../cell/context.ts";

/**
 * The random keys for the cell that a modifier of this kind wraps. Keys of the modifier's own kind are renamed one
 * level deeper, so that two nested modifiers of one kind draw independently. All other keys keep their names, so that
 * the order of modifiers of different kinds does not matter.
 */
export function keysWithin(kind: string, keys: Keys): Keys {
  const within = (name: string): string =>
    name.startsWith(`${kind}.`) || name.startsWith(`${kind}/`) ? `${kind}/${name}` : name;
  return { sequence: (name) => keys.sequence(within(name)), step: (name) => keys.step(within(name)) };
}
