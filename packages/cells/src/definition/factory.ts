import type { Cell } from "../cell/cell.ts";
import { probe } from "../cell/probe.ts";
import { variationalDropout } from "../modifiers/variational-dropout.ts";
import { checkSize } from "../options/size.ts";
import { checkCellOptions, type CellOptions } from "./cell-options.ts";
import { cellOf } from "./cell-of.ts";
import { checkOwnOptions } from "./check-definition.ts";
import type { AnyDefinition } from "./made.ts";
import { withNormalizer } from "./normalizer-places.ts";
import { partsOf } from "./parts.ts";

/** Makes cells of a definition whose names are not known at compile time. */
export interface Factory {
  (options: CellOptions): Cell;
  readonly definition: object;
}

/** The function that makes cells of a definition; `operation` begins the errors about the definition. */
export function factoryOf(operation: string, definition: AnyDefinition): Factory {
  const { name } = definition;
  const defaults: Readonly<Record<string, unknown>> = { ...definition.options };
  const own = Object.keys(defaults);
  checkOwnOptions(operation, name, own);
  const make = (given: CellOptions): Cell => {
    checkCellOptions(name, given, defaults);
    const sizes = { input: checkSize(name, "input", given.input), hidden: checkSize(name, "hidden", given.hidden) };
    const chosen = Object.entries(given).filter(([option, value]) => own.includes(option) && value !== undefined);
    const made = partsOf(definition, sizes, { ...defaults, ...Object.fromEntries(chosen) }, given);
    const cell = cellOf(withNormalizer(made));
    probe(cell);
    return withDropout(cell, given);
  };
  return Object.assign(make, { definition });
}

function withDropout(cell: Cell, { dropout = 0, recurrentDropout = 0, dropoutMasks: masks }: CellOptions): Cell {
  if (dropout === 0 && recurrentDropout === 0 && masks === undefined) return cell;
  return variationalDropout(cell, {
    input: dropout,
    recurrent: recurrentDropout,
    ...(masks === undefined ? {} : { masks }),
  });
}
