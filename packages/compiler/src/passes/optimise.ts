import type { Program } from "@sluice/tensor";
import { defer } from "./defer.ts";
import { expand } from "./expand.ts";
import { group } from "./group.ts";
import { hoist } from "./hoist.ts";
import { prune } from "./prune.ts";
import { share } from "./share.ts";
import { simplify } from "./simplify.ts";
import { sink } from "./sink.ts";

/** Each pass can be switched off, so that what it gains can be measured. Results may differ in the last bits, never in meaning. */
export interface PassOptions {
  readonly simplify?: boolean;
  readonly hoist?: boolean;
  readonly group?: boolean;
  readonly sink?: boolean;
  readonly defer?: boolean;
  readonly share?: boolean;
  readonly prune?: boolean;
}

/** The passes from program to program, in order. */
export function optimise(program: Program, options: PassOptions = {}): Program {
  const passes = [
    options.simplify === false ? undefined : simplify,
    options.prune === false ? undefined : prune,
    options.hoist === false ? undefined : hoist,
    options.sink === false ? undefined : sink,
    options.defer === false ? undefined : defer,
    options.group === false ? undefined : group,
    options.share === false ? undefined : share,
    options.prune === false ? undefined : prune,
  ];
  return passes.reduce((current, pass) => pass?.(current) ?? current, expand(program));
}
