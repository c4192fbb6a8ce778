/** What a definition declares for given sizes and options, beside what its inner cells have. */
import { changeSpecs } from "@sluice/params";
import { TensorError } from "@sluice/tensor";
import type { CellSizes } from "../cell/cell.ts";
import { inputOf, joinExtras } from "../cell/inputs.ts";
import type { CellOptions } from "./cell-options.ts";
import { checkBufferNames, checkDeclared } from "./check-definition.ts";
import type { NamedSpecs } from "./definition.ts";
import { checkInner, innerBuffers, innerStates } from "./inner-cells.ts";
import type { AnyDefinition, Made } from "./made.ts";
import { mapValues } from "./map-values.ts";
import { checkRoles, chooseFor } from "./role-options.ts";

/** The parts of a cell, but for those of its normalizer. */
export function partsOf(definition: AnyDefinition, sizes: CellSizes, options: object, given: CellOptions): Made {
  const { name } = definition;
  const asked = { norm: false };
  const cells =
    definition.cells?.(sizes, options, {
      get norm() {
        asked.norm = true;
        return given.norm;
      },
    }) ?? {};
  const declared = definition.params(sizes, options);
  checkDeclared(name, declared);
  const states = definition.state(sizes, options);
  const buffers = definition.buffers?.(sizes, options) ?? {};
  checkBufferNames(name, buffers);
  checkInner(`defineCell: ${name}`, cells, { parameter: declared, state: states, buffer: buffers });
  const inner = Object.fromEntries(Object.entries(cells).map(([cell, { params }]) => [cell, params]));
  checkRoles(name, { ...declared, ...inner }, given);
  const choose = (specs: NamedSpecs): NamedSpecs =>
    mapValues(specs, (spec) => changeSpecs(spec, (leaf) => chooseFor(leaf, sizes, given)));
  const own = choose(declared);
  const isCounted = definition.stepIndex === true || given.norm?.stepIndex === true;
  if (isCounted && Object.hasOwn(states, "stepIndex"))
    throw new TensorError(
      `defineCell: ${name} has a state stepIndex, the name under which cells count their steps; rename it`,
    );
  const counted = isCounted ? { stepIndex: { shape: [], dtype: "i32" as const } } : {};
  return {
    definition,
    name,
    sizes,
    options,
    given,
    cells,
    passesNorm: asked.norm,
    input: inputOf(definition.input?.(sizes) ?? [sizes.input]),
    extra: joinExtras(name, [definition.extra?.(sizes) ?? {}, ...Object.values(cells).map(({ extra }) => extra)]),
    own,
    params: { ...own, ...choose(inner) },
    state: { ...states, ...innerStates(cells), ...counted },
    buffers: { ...buffers, ...innerBuffers(cells) },
  };
}
