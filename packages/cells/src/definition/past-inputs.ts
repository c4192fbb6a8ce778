/** The state of an associative cell that holds the inputs of the steps before. */
import {
  associativeScan,
  concat,
  expand,
  isTensor,
  or,
  select,
  sliceAxis,
  TensorError,
  type Tensor,
} from "@sluice/tensor";
import { showShape } from "@sluice/tensor/internal";
import { axisSize } from "../cell/axes.ts";
import type { OverTime } from "../cell/over-time.ts";
import type { State } from "../cell/states.ts";
import type { Made } from "./made.ts";

/** The state of this name; undefined if the cell reads no earlier inputs. */
export function pastIn(name: string | undefined, state: State): Tensor | undefined {
  const past = name === undefined ? undefined : state[name];
  return past !== undefined && isTensor(past) ? past : undefined;
}

/** The other states. */
export const withoutPast = (name: string | undefined, state: State): State =>
  name === undefined ? state : Object.fromEntries(Object.entries(state).filter(([other]) => other !== name));

/** The earlier inputs `[batch, n * input]` after a step with the input `x` `[batch, input]`. */
export function shifted(past: Tensor, x: Tensor): Tensor {
  const width = axisSize(x, 1);
  return sliceAxis(concat([past, x], 1), 1, width, width + axisSize(past, 1));
}

/** Throws if the state that `past` names cannot hold inputs. */
export function checkPast(
  past: string | undefined,
  { name, input, state }: Pick<Made, "name" | "input" | "state">,
): void {
  if (past === undefined) return;
  const [width = 0, ...axes] = input.shape;
  const spec = state[past];
  const shape = Array.isArray(spec) ? spec : undefined;
  const [size = 0, ...more] = shape ?? [];
  if (input.dtype === "f32" && axes.length === 0 && more.length === 0 && size > 0 && size % width === 0) return;
  throw new TensorError(
    `defineAssociativeCell: ${name} keeps earlier inputs in ${past}, which must be a state [n * input] of f32 inputs ${showShape([width, ...axes])} without another initial value, got ${shape === undefined ? "none" : showShape(shape)}`,
  );
}

/** How earlier inputs move through a sequence. */
type Moving = Pick<OverTime, "time" | "mask" | "reset" | "reverse">;

/**
 * The earlier inputs before and after every step, `[time, batch, n * input]`: the values that {@link shifted} gives in a
 * loop. `taken` `[time, batch]` are the steps whose input `x` `[time, batch, input]` moves in.
 */
export function pastOver(
  name: string,
  x: Tensor,
  { start, resetState, ...given }: OverTime,
  taken: Tensor | undefined,
): { readonly before: Tensor; readonly after: Tensor } {
  const [first, again] = [pastIn(name, start), pastIn(name, resetState)];
  if (first === undefined || again === undefined) throw new TensorError(`the state ${name} is missing`);
  const width = axisSize(x, 2);
  const count = axisSize(first, 1) / width;
  const [before, after]: [Tensor[], Tensor[]] = [[], []];
  let entering = x;
  for (let place = count - 1; place >= 0; place--) {
    const at = (y: Tensor): Tensor => sliceAxis(y, 1, place * width, (place + 1) * width);
    const one = placeOver(entering, at(first), at(again), given, taken);
    before.unshift(one.before);
    after.unshift(one.after);
    entering = one.before;
  }
  return { before: concat(before, 2), after: concat(after, 2) };
}

/** One place of the window: what it holds before and after every step, if `entering` moves into it at the taken ones. */
function placeOver(
  entering: Tensor,
  first: Tensor,
  again: Tensor,
  { time, mask, reset, reverse }: Moving,
  taken: Tensor | undefined,
): { readonly before: Tensor; readonly after: Tensor } {
  const after = (): Tensor => {
    if (taken === undefined) return entering;
    const value = select(expand(taken, 2), entering, reset === undefined ? first : again);
    // Lengths alone leave no steps out between those that are taken.
    if (mask === undefined && reset === undefined) return value;
    const last = associativeScan(
      (p: Held, q: Held): Held => ({
        value: select(expand(q.known, 2), q.value, p.value),
        known: or(p.known, q.known),
      }),
      { value, known: reset === undefined ? taken : or(taken, reset) },
      { reverse },
    );
    return select(expand(last.known, 2), last.value, first);
  };
  const held = after();
  const earlier = reverse
    ? concat([sliceAxis(held, 0, 1, time), expand(first, 0)], 0)
    : concat([expand(first, 0), sliceAxis(held, 0, 0, time - 1)], 0);
  return { after: held, before: reset === undefined ? earlier : select(expand(reset, 2), again, earlier) };
}

type Held = { readonly value: Tensor; readonly known: Tensor };
