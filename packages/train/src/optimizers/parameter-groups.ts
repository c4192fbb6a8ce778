import type { GradientTransform, Transformed } from "@sluice/clip";
import {
  and,
  isTensor,
  keyFor,
  leavesOf,
  mapTree,
  not,
  or,
  select,
  TensorError,
  zipTrees,
  type Tensor,
  type Tree,
} from "@sluice/tensor";
import { checkMade, checkOptions, lookUp, shown, suggestion } from "@sluice/tensor/internal";

/** Parameters with a gradient transform of their own. */
export interface ParameterGroup {
  /**
   * Which parameters: the beginning of their paths up to a dot (`"layers.0"` has `layers.0.W`), several of them, or a
   * function. Default: all that no group before it has.
   */
  readonly of?: string | readonly string[] | ((path: string, parameter: Tensor) => boolean);
  /** Turns their gradients into their updates: an optimizer, a chain, or `frozen()`. */
  readonly transform: GradientTransform;
}

/** Groups by name. */
type Groups = { readonly [name: string]: ParameterGroup };
type Named = { readonly [group: string]: Tree };

/**
 * Groups of parameters, each with its own optimizer, and so with its own learning rate, weight decay and clipping, or
 * frozen. A parameter belongs to the first group that has it:
 *
 *     parameterGroups({
 *       encoder: { of: "layers.0", transform: frozen() },
 *       gains: { of: (path, w) => w.shape.length < 2, transform: adam({ learningRate: 1e-3 }) },
 *       rest: { transform: adamw({ learningRate: 1e-3, weightDecay: 0.1 }) },
 *     });
 *
 * A transform sees only the gradients and parameters of its group, under the same paths. A clipper in it therefore
 * ignores those of other groups. State and report have the groups' names as keys, and each group has its own random
 * stream. If one group asks to skip the step, the whole step is skipped.
 *
 * A path that no parameter begins with is an error, and so is a parameter without a group.
 */
export function parameterGroups(groups: Groups): GradientTransform<Named, Named> {
  checkGroups(groups);
  return {
    name: "parameterGroups",
    init(params) {
      const groupOf = assigned(groups, params);
      return Object.fromEntries(
        Object.entries(groups).map(([name, { transform }]) => [name, transform.init(partOf(params, groupOf, name))]),
      );
    },
    update(gradients, state, params, context) {
      const groupOf = assigned(groups, params);
      const results = Object.entries(groups).map(([name, { transform }]) => {
        const before = state[name];
        if (before === undefined)
          throw new TensorError(`parameterGroups: the state has no part ${name}; make it with init`);
        const parts = [gradients, params].map((tree) => partOf(tree, groupOf, name));
        const [own = {}, weights = {}] = parts;
        const result = transform.update(own, before, weights, { ...context, key: keyFor(context.key, name) });
        return { name, before, result };
      });
      const updates = new Map(
        results.flatMap(({ result }) => leavesOf(result.gradients).map(({ path, tensor }) => [path, tensor])),
      );
      const skip = results.flatMap(({ result }) => result.skip ?? []).reduce<Tensor | undefined>(either, undefined);
      return {
        gradients: mapTree(gradients, (_, path) => lookUp(updates, path, `parameterGroups: no update for ${path}`)),
        state: Object.fromEntries(results.map(({ name, before, result }) => [name, kept(before, result, skip)])),
        report: Object.fromEntries(
          results.flatMap(({ name, result: { report } }) => (report === undefined ? [] : [[name, report]])),
        ),
        ...(skip === undefined ? {} : { skip }),
      };
    },
  };
}

const either = (a: Tensor | undefined, b: Tensor): Tensor => (a === undefined ? b : or(a, b));

/** A group's next state: the old one if the step is skipped and this group did not ask for it. */
function kept(before: Tree, { state, skip: own }: Transformed<Tree>, skip: Tensor | undefined): Tree {
  if (skip === undefined || skip === own) return state;
  const stays = own === undefined ? skip : and(skip, not(own));
  return zipTrees(before, state, (old, fresh) => select(stays, old, fresh));
}

function checkGroups(groups: Groups): void {
  if (typeof groups !== "object" || groups === null || Array.isArray(groups) || Object.keys(groups).length === 0)
    throw new TensorError(
      `parameterGroups: expected groups by name, such as { rest: { transform: adam({ learningRate: 1e-3 }) } }, got ${shown(groups)}`,
    );
  for (const [name, group] of Object.entries(groups)) {
    if (name === "" || name.includes("."))
      throw new TensorError(`parameterGroups: a group has the name ${JSON.stringify(name)}, expected one without dots`);
    const what = `parameterGroups: the group ${name}`;
    checkOptions(what, group, ["of", "transform"], { params: "of", optimizer: "transform" });
    const made = { init: "function", update: "function" };
    checkMade(what, "transform", group.transform, made, "adam({ learningRate: 1e-3 })");
    const of: unknown = group.of;
    const isText = typeof of === "string" || (Array.isArray(of) && of.every((path) => typeof path === "string"));
    if (of !== undefined && typeof of !== "function" && !isText)
      throw new TensorError(
        `${what}: of is ${shown(of)}, expected the beginning of paths, a list of these, or a function`,
      );
  }
}

/** The name of each parameter's group, by the parameter's path. */
function assigned(groups: Groups, params: Tree): ReadonlyMap<string, string> {
  const leaves = leavesOf(params);
  checkPaths(
    groups,
    leaves.map(({ path }) => path),
  );
  return new Map(
    leaves.map(({ path, tensor }) => {
      const found = Object.entries(groups).find(([, group]) => has(group, path, tensor));
      if (found === undefined)
        throw new TensorError(
          `parameterGroups: no group has the parameter ${path}; add a last group without of, such as rest: { transform: frozen() }`,
        );
      return [path, found[0]];
    }),
  );
}

function has({ of }: ParameterGroup, path: string, parameter: Tensor): boolean {
  if (of === undefined) return true;
  if (typeof of === "function") return of(path, parameter);
  return listOf(of).some((beginning) => begins(path, beginning));
}

const listOf = (of: string | readonly string[]): readonly string[] => (typeof of === "string" ? [of] : of);
const begins = (path: string, beginning: string): boolean => path === beginning || path.startsWith(`${beginning}.`);

/** Throws an error if no parameter begins with the path of a group. It names the nearest one. */
function checkPaths(groups: Groups, paths: readonly string[]): void {
  for (const [name, { of }] of Object.entries(groups)) {
    if (of === undefined || typeof of === "function") continue;
    const strange = listOf(of).find((beginning) => !paths.some((path) => begins(path, beginning)));
    if (strange === undefined) continue;
    const depth = strange.split(".").length;
    const known = [...new Set(paths.map((path) => path.split(".").slice(0, depth).join(".")))];
    throw new TensorError(
      `parameterGroups: no parameter begins with ${strange}, as the group ${name} says; ${suggestion(strange, known)}`,
    );
  }
}

/** The part of a tree that belongs to a group, under the same paths. Lists become objects with their indices. */
function partOf(tree: Tree, groupOf: ReadonlyMap<string, string>, group: string): Tree {
  const part = (child: Tree, path: string): Tree | undefined => {
    if (isTensor(child)) return groupOf.get(path) === group ? child : undefined;
    const children = Object.entries(child).flatMap(([key, own]: [string, Tree]) => {
      const found = part(own, path === "" ? key : `${path}.${key}`);
      return found === undefined ? [] : [[key, found] as const];
    });
    return children.length === 0 ? undefined : Object.fromEntries(children);
  };
  return part(tree, "") ?? {};
}
