import { changeSpecs, initialTree, reparametrized, type ParameterSpec } from "@sluice/params";
import { leavesOf, mapTree, type Tree } from "@sluice/tensor";
import { originOf, type Cell } from "../cell/cell.ts";
import type { State } from "../cell/states.ts";

/** A cell whose weights at some paths have another spec of the same shape, and with it other initial values. */
export function withInitializers<P extends Tree, S extends State>(
  cell: Cell<P, S>,
  changes: ReadonlyMap<string, (spec: ParameterSpec) => ParameterSpec>,
): Cell<P, S> {
  const isChanged = (path: string): boolean =>
    [...changes.keys()].some((at) => path === at || path.startsWith(`${at}.`));
  const params = changeSpecs(cell.params, (spec, path) => {
    const change = changes.get(path);
    if (change === undefined) return spec;
    return spec.kind === "reparametrized" ? reparametrized(change(spec.weight), ...spec.by) : change(spec);
  });
  const origin = originOf(cell);
  return {
    ...cell,
    ...(origin === undefined ? {} : { origin: { ...origin, params } }),
    params,
    init(key, options) {
      const drawn = new Map(leavesOf(initialTree(params, key, options)).map(({ path, tensor }) => [path, tensor]));
      return mapTree(cell.init(key, options), (value, path) => (isChanged(path) ? (drawn.get(path) ?? value) : value));
    },
  };
}
