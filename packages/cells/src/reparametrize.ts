import {
  changeSpecs,
  checkBuffers,
  checkParameters,
  initialBuffers,
  makeWeights,
  parametersOf,
  reparametrized,
  weightBuffers,
  weightLeaves,
  weightsOf,
  type InitOptions,
  type ParameterSpec,
  type Reparametrization,
  type ReparametrizedSpec,
  type Specs,
} from "@sluice/params";
import { keyFor, TensorError, type Tree } from "@sluice/tensor";
import { checkOptions, hasMembers, suggestion } from "@sluice/tensor/internal";
import type { Cell } from "./cell/cell.ts";
import { checkCell } from "./cell/check-cell.ts";
import { checkLayer } from "./layers/check-layer.ts";
import type { Layer } from "./layers/layer.ts";
import { floatOf, type State } from "./cell/states.ts";
import { joinedBuffers } from "./cell/weight-buffers.ts";

type OneOrMore = Reparametrization | readonly Reparametrization[];

/** Which reparametrization makes which weights. In a list, each acts on the result of the one before. */
export interface ReparametrizeOptions {
  /** All matrices that multiply the input. */
  readonly kernel?: OneOrMore;
  /** All matrices that multiply the state. */
  readonly recurrent?: OneOrMore;
  /** Single weights by path, such as `"U"` or `"inner.U"`; takes precedence over the choice for their role. */
  readonly weights?: Readonly<Record<string, OneOrMore>>;
}

/**
 * A cell or layer whose weights are computed from other parameters: `reparametrize(gru({ input, hidden }), { recurrent:
 * weightNorm() })`. Those parameters, `U.direction` and `U.gain`, are trained, counted and saved. The weights are
 * computed once per call of a layer, before its loop over time, and gradients flow through. Initial weights equal the
 * cell's if the reparametrization can represent them.
 *
 * A cell reparametrized twice has both; the later one acts on the result of the earlier one, as in a list. Other
 * libraries have no such cells; to export one, `weightsOf(cell, params)` gives the weights for the plain cell.
 *
 * Throws a TensorError if a role or path has no weight. A layer keeps the reparametrizations of its cells, but cannot
 * add one to the same weight; reparametrize the cell instead.
 */
export function reparametrize<P extends Tree, S extends State>(
  cell: Cell<P, S>,
  options: ReparametrizeOptions,
): Cell<Tree, S>;
export function reparametrize<P extends Tree, S extends Tree>(
  layer: Layer<P, S>,
  options: ReparametrizeOptions,
): Layer<Tree, S>;
export function reparametrize(given: Cell | Layer, options: ReparametrizeOptions): Cell | Layer {
  checkOptions("reparametrize", options, ["kernel", "recurrent", "weights"], {
    parameters: "weights",
    paths: "weights",
    input: "kernel",
    recurrentKernel: "recurrent",
  });
  if (isLayer(given)) {
    checkLayer("reparametrize", "the layer", given);
    return ofLayer(given, options);
  }
  checkCell("reparametrize", given);
  const { params, init } = chosenOf(given, choose(given, options));
  return { ...given, params, init };
}

function ofLayer(layer: Layer, options: ReparametrizeOptions): Layer {
  const chosen = choose(layer, options);
  const twice = weightLeaves(layer.params).find(({ path, spec }) => chosen.has(path) && spec.kind === "reparametrized");
  if (twice !== undefined)
    throw new TensorError(
      `reparametrize: ${twice.path} of the layer ${layer.name} is reparametrized already, in the cell; reparametrize the cell with both`,
    );
  const { params, init, own } = chosenOf(layer, chosen);
  const buffers = joinedBuffers(layer.buffers, own);
  const ofWeights = weightBuffers(own);
  return {
    ...layer,
    params,
    init,
    buffers: buffers.specs,
    initialBuffers: (given) => buffers.join(layer.initialBuffers(given), initialBuffers(ofWeights, given)),
    apply(parameters, x, given = {}) {
      checkParameters(layer.name, params, parameters, x);
      checkBuffers(layer.name, buffers.specs, given.buffers, floatOf(x, parameters));
      const { training = false, key } = given;
      const made = makeWeights({ params: own }, parameters, {
        training,
        key: key && keyFor(key, "reparametrization"),
        buffers: buffers.weights(given.buffers),
      });
      const applied = layer.apply(made.weights, x, { ...given, buffers: buffers.own(given.buffers) });
      return { ...applied, buffers: buffers.join(applied.buffers, made.buffers) };
    },
  };
}

type Chosen = ReadonlyMap<string, readonly Reparametrization[]>;

/** Specs and initial values of the parameters. `own` has only the reparametrizations of the chosen weights. */
function chosenOf(
  given: Pick<Cell, "params" | "init">,
  chosen: Chosen,
): Pick<Cell, "params" | "init"> & { readonly own: Specs } {
  const added = (spec: ParameterSpec | ReparametrizedSpec, path: string): ReparametrizedSpec | undefined => {
    const by = chosen.get(path);
    return by && reparametrized(spec, ...by);
  };
  const before = changeSpecs(given.params, (spec, path) => (chosen.has(path) ? spec : bare(spec)));
  const own = changeSpecs(given.params, (spec, path) => added(spec, path) ?? bare(spec));
  return {
    params: changeSpecs(given.params, (spec, path) => added(spec, path) ?? spec),
    own,
    init(key, options: InitOptions = {}) {
      const dtype = { dtype: "f64" } as const;
      const buffers = initialBuffers(weightBuffers(before), dtype);
      const weights = weightsOf({ params: before }, given.init(key, { ...options, ...dtype }), { buffers });
      return parametersOf({ params: own }, weights, { dtype: options.dtype ?? "f32" });
    },
  };
}

/** Which reparametrization makes which weight, by path. */
function choose({ name, params }: Pick<Cell, "name" | "params">, options: ReparametrizeOptions): Chosen {
  const { weights = {}, ...roles } = options;
  const leaves = weightLeaves(params);
  const paths = leaves.map(({ path }) => path);
  const strange = Object.keys(weights).find((path) => !paths.includes(path));
  if (strange !== undefined)
    throw new TensorError(`reparametrize: ${name} has no weight ${strange}; ${suggestion(strange, paths)}`);
  const chosen = new Map<string, readonly Reparametrization[]>();
  for (const [role, by] of Object.entries(roles)) {
    const ofRole = leaves.filter(({ spec }) => roleOf(spec) === role);
    if (by !== undefined && ofRole.length === 0)
      throw new TensorError(
        `reparametrize: ${role} would change nothing, since ${name} has no weight of that role; there are ${paths.join(", ") || "none"}`,
      );
    if (by !== undefined) for (const { path } of ofRole) chosen.set(path, listOf(by));
  }
  for (const [path, by] of Object.entries(weights)) chosen.set(path, listOf(by));
  if (chosen.size === 0)
    throw new TensorError(
      "reparametrize: nothing is chosen; give kernel, recurrent or weights, as { recurrent: weightNorm() }",
    );
  return chosen;
}

const isLayer = (given: Cell | Layer): given is Layer =>
  hasMembers(given, { apply: "function", outputShape: "function" });

const listOf = (by: OneOrMore): readonly Reparametrization[] => ("name" in by ? [by] : by);

const roleOf = (spec: ParameterSpec | ReparametrizedSpec): string =>
  spec.kind === "reparametrized" ? spec.weight.role : spec.role;

/** The parameters of a weight, without the reparametrization. */
const bare = (spec: Specs): Specs =>
  changeSpecs(spec, (leaf) => (leaf.kind === "reparametrized" ? bare(leaf.params) : leaf));
