import type { Program } from "@sluice/tensor";
import { checkpointLoops } from "./checkpoint.ts";
import { defer } from "./defer.ts";
import { inlineBodies } from "./expand.ts";
import { group } from "./group.ts";
import { hoist } from "./hoist.ts";
import { merge } from "./merge.ts";
import { prune } from "./prune.ts";
import { share } from "./share.ts";
import { simplify } from "./simplify.ts";
import { sink } from "./sink.ts";
import { vacate } from "./vacate.ts";

/** Passes that can be switched off. */
export const programPasses = ["simplify", "merge", "prune", "hoist", "sink", "defer", "group", "share"] as const;

/** Each pass can be switched off to measure its effect. Results may then differ in the last bits. */
export type PassOptions = { readonly [name in (typeof programPasses)[number]]?: boolean } & {
  /** The number of segments of each pair of loops: see {@link checkpoint}. Default: loops are not divided. */
  readonly checkpoint?: readonly number[];
};

/** The passes from program to program, in order. */
export function optimize(program: Program, options: PassOptions = {}): Program {
  return finish(prepare(program, options), options);
}

/** The passes before {@link checkpoint}. `segments` counts the pairs of loops after them. */
export function prepare(program: Program, options: PassOptions = {}): Program {
  return inOrder(vacate(inlineBodies(program)), [
    options.simplify !== false && simplify,
    options.merge !== false && merge,
    options.prune !== false && prune,
  ]);
}

/** {@link checkpoint} and the passes after it. */
export function finish(prepared: Program, options: PassOptions = {}): Program {
  const { checkpoint: segments } = options;
  return inOrder(prepared, [
    segments !== undefined && ((program) => checkpointLoops(program, segments)),
    options.hoist !== false && hoist,
    options.sink !== false && sink,
    options.defer !== false && defer,
    options.group !== false && group,
    options.share !== false && share,
    options.prune !== false && prune,
  ]);
}

function inOrder(program: Program, passes: readonly (false | ((program: Program) => Program))[]): Program {
  return passes.reduce((current, pass) => (pass === false ? current : pass(current)), program);
}
