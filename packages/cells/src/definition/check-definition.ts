/** Checks of what a definition declares. */
import { buffersOf } from "@sluice/params";
import { TensorError } from "@sluice/tensor";
import { shown } from "@sluice/tensor/internal";
import { cellOptions } from "./cell-options.ts";
import type { NamedBuffers, NamedSpecs } from "./definition.ts";
import { contextNames } from "./step-context.ts";

/** What every definition has. */
export const parts: readonly string[] = ["name", "options", "input", "extra", "params", "state", "withoutNorm"];
/** Names by which they are called elsewhere. */
export const partAliases = { parameters: "params", states: "state", extras: "extra", defaults: "options" };

/** An error where an option of a definition has a name that is taken. */
export function checkOwnOptions(operation: string, name: string, own: readonly string[]): void {
  const clash = own.find((option) => cellOptions.includes(option) || contextNames.includes(option));
  if (clash !== undefined)
    throw new TensorError(`${operation}: ${name} has an option ${clash}, which every cell has already; rename it`);
}

/** An error where buffers are none, or have a name that is taken. */
export function checkBufferNames(name: string, buffers: NamedBuffers): void {
  buffersOf(buffers);
  if (Object.hasOwn(buffers, "norm"))
    throw new TensorError(
      `defineCell: ${name} has a buffer norm, the name under which normalizers keep theirs; rename it`,
    );
}

/** An error where parameters are none, or have a name that is taken. */
export function checkDeclared(name: string, declared: NamedSpecs): void {
  if (Object.hasOwn(declared, "norm"))
    throw new TensorError(
      `defineCell: ${name} has a parameter norm, the name under which normalizers keep theirs; rename it`,
    );
  const check = (specs: unknown, path: string): void => {
    if (typeof specs === "object" && specs !== null && !("kind" in specs && specs.kind === "array")) {
      if ("kind" in specs && (specs.kind === "parameter" || specs.kind === "reparametrized")) return;
      for (const [child, below] of Object.entries({ ...specs })) check(below, `${path}.${child}`);
      return;
    }
    throw new TensorError(
      `defineCell: ${name}: parameter ${path} is ${shown(specs)}, expected one such as kernel([input, hidden]), or an object or list of them`,
    );
  };
  for (const [parameter, specs] of Object.entries<unknown>(declared)) check(specs, parameter);
}
