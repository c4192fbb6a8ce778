import { TensorError, type Tensor } from "@sluice/tensor";
import { checkOptions, suggestion } from "@sluice/tensor/internal";
import type { Cell } from "../cell/cell.ts";
import { statesOf } from "../cell/states.ts";

/** A number for each state, nested like the states; states may be left out. */
export type NumberByState<S> = { readonly [K in keyof S]?: NumberOf<S[K]> };

type NumberOf<T> = T extends Tensor ? number : NumberByState<T>;

/**
 * The numbers by the paths of their states. `check` returns a number that fits, or throws. Throws where a state does
 * not exist, or where it is not a float and its number is not `idle`, the one that changes nothing.
 */
export function byState(
  modifier: string,
  cell: Cell,
  given: object,
  { check, idle }: { readonly check: (path: string, value: number) => number; readonly idle?: number },
): ReadonlyMap<string, number> {
  const operation = `${modifier} of ${cell.name}`;
  checkOptions(operation, given, Object.keys(cell.state));
  const states = new Map(statesOf(cell.state).map(({ path, dtype }) => [path, dtype]));
  const flat = (values: object, path: string): [string, unknown][] =>
    Object.entries({ ...values }).flatMap<[string, unknown]>(([name, value]: [string, unknown]) =>
      typeof value === "object" && value !== null ? flat(value, `${path}${name}.`) : [[`${path}${name}`, value]],
    );
  return new Map(
    flat(given, "").map(([path, value]) => {
      const dtype = states.get(path);
      if (dtype === undefined)
        throw new TensorError(`${operation}: unknown option ${path}; ${suggestion(path, [...states.keys()])}`);
      const checked = check(path, typeof value === "number" ? value : NaN);
      if (checked !== idle && dtype !== "f32")
        throw new TensorError(`${operation}: state ${path} is ${dtype}, but ${modifier} needs a float state`);
      return [path, checked];
    }),
  );
}
