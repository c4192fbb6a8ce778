import type { BufferSpec, BufferSpecs } from "../buffers.ts";
import type { Specs } from "../parameter.ts";
import { isReparametrized, isSpec, weightLeaves } from "../specs.ts";
import { lastOf, type ReparametrizedSpec } from "./reparametrization.ts";

/** The buffers of all weights, each under its weight's path and its reparametrization's name. */
export function weightBuffers(specs: Specs): BufferSpecs {
  if (isSpec(specs)) return {};
  if (isReparametrized(specs)) return buffersOfWeight(specs);
  return Object.fromEntries(
    Object.entries<Specs>(specs).flatMap(([name, child]) => {
      const below = weightBuffers(child);
      return Object.keys(below).length === 0 ? [] : [[name, below]];
    }),
  );
}

type NamedBuffers = Readonly<Record<string, BufferSpec>>;

function buffersOfWeight(spec: ReparametrizedSpec): Readonly<Record<string, NamedBuffers>> {
  const last = lastOf(spec);
  const own = last.buffers?.(spec.weight);
  const before = weightLeaves(spec.params).flatMap((leaf) => (isSpec(leaf.spec) ? [] : [buffersOfWeight(leaf.spec)]));
  return before.reduce((all, buffers) => ({ ...buffers, ...all }), own === undefined ? {} : { [last.name]: own });
}
