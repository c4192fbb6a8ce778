import type { ParameterSpec, ReparametrizedSpec, Specs } from "@sluice/params";
import { TensorError } from "@sluice/tensor";

/**
 * The parameters of a cell by name, for a wrapper that adds its own under the name `added`. An error, begun by
 * `operation`, where the cell's are not named or have that name.
 */
export function namedParameters(
  operation: string,
  { name, params }: { readonly name: string; readonly params: Specs },
  added: string,
): { readonly [parameter: string]: Specs } {
  if (isList(params) || isSpec(params))
    throw new TensorError(`${operation}: the parameters of ${name} must be an object of named parameters`);
  if (Object.hasOwn(params, added))
    throw new TensorError(`${operation}: ${name} already has a parameter named ${added}; rename it`);
  return params;
}

function isList(specs: Specs): specs is readonly Specs[] {
  return Array.isArray(specs);
}

function isSpec(specs: Exclude<Specs, readonly Specs[]>): specs is ParameterSpec | ReparametrizedSpec {
  return "kind" in specs && (specs.kind === "parameter" || specs.kind === "reparametrized");
}
