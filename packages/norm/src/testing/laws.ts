/** The laws that hold for every normalizer. Each is a function of a subject and throws if the law is broken. */
import {
  assertGradient,
  key,
  leavesOf,
  mul,
  normal,
  keyFor,
  reshape,
  select,
  stack,
  sum,
  TensorError,
  valueAndGrad,
  valuesOf,
  zerosLike,
  type Tensor,
} from "@sluice/tensor";
import { arrayOf, expectSame, expectThat } from "@sluice/tensor/testing";
import {
  applied,
  batch,
  filled,
  flags,
  mapRecord,
  mixesRows,
  root,
  rowOf,
  withRows,
  type Given,
  type Subject,
  type Tensors,
} from "./subject.ts";

const rows = Array.from({ length: batch }, (_, row) => row);
const active = flags([1, 0, 1, 1, 0, 1]);
const inactive = [1, 4];
const none = flags(rows.map(() => 0));

/** Parameters and buffers have the names, shapes and values that their specs say. */
export function declared({ normalizer, part, shape }: Subject): void {
  for (const [name, spec] of Object.entries(normalizer.params(shape, part))) {
    const first = spec.initializer(key(1), spec.shape);
    expectThat(`${part}: parameter ${name} has a dot in its name`, !name.includes("."));
    expectThat(
      `${part}: parameter ${name} [${spec.shape.join(",")}] begins as [${first.shape.join(",")}]`,
      first.shape.join() === spec.shape.join(),
    );
    expectFinite(`${part}: parameter ${name}`, first);
    expectSame(`${part}: parameter ${name} of the same key`, spec.initializer(key(1), spec.shape), first);
  }
  for (const [name, { shape: of, initial }] of Object.entries(normalizer.buffers?.(shape, part) ?? {})) {
    expectThat(`${part}: buffer ${name} has a dot in its name`, !name.includes("."));
    expectThat(`${part}: buffer ${name} begins as ${initial}`, Number.isFinite(initial) && of.every((n) => n > 0));
  }
}

/** The output has the shape and dtype of what is normalized, in training and evaluation, and is finite. */
export function keepsShape(subject: Subject): void {
  for (const training of [true, false])
    for (const x of [subject.x, zerosLike(subject.x)]) {
      const { output } = applied({ ...subject, x }, { training });
      expectThat(
        `${subject.part}: ${x.dtype} [${x.shape.join(",")}] becomes ${output.dtype} [${output.shape.join(",")}]`,
        output.dtype === x.dtype && output.shape.join() === x.shape.join(),
      );
      expectFinite(`${subject.part}: the output`, output);
    }
}

/** The gradient with respect to parameters and input equals finite differences, in f64. */
export function gradient(subject: Subject): void {
  for (const given of [{ training: true }, { training: true, active }, { training: false }])
    assertGradient(
      ({ params, x }: { params: Tensors; x: Tensor }) =>
        counted(applied({ ...subject, params, x }, given).output, given),
      { params: subject.params, x: subject.x },
      { samples: 3 },
    );
}

/** Evaluation is the same each time, draws nothing and observes nothing. */
export function evaluation(subject: Subject): void {
  const first = applied(subject, { training: false });
  expectSame(`${subject.part}: evaluated again`, applied(subject, { training: false }), first);
  const observed = Object.keys(first.observed);
  expectThat(`${subject.part}: evaluation observes ${observed.join(", ")}`, observed.length === 0);
}

/** Training is the same each time. */
export function training(subject: Subject): void {
  const first = applied(subject, { training: true, active });
  expectSame(`${subject.part}: trained again`, applied(subject, { training: true, active }), first);
}

/** A row alone gives what it gives in a batch, unless the normalizer reads which rows are active. */
export function independentRows(subject: Subject): void {
  for (const isTraining of [true, false]) {
    if (mixesRows(subject, isTraining)) continue;
    const { output } = applied(subject, { training: isTraining });
    for (const row of rows) {
      const alone = { ...subject, x: rowOf(subject.x, row), stepIndex: rowOf(subject.stepIndex, row) };
      expectSame(
        `${subject.part}: row ${row} alone (training: ${isTraining}); a normalizer that mixes rows must call active()`,
        applied({ ...alone, stepIndex: reshape(alone.stepIndex, [1]) }, { training: isTraining }).output,
        rowOf(output, row),
      );
    }
  }
}

/** Inactive rows change neither the outputs of others nor what is observed, nor any gradient. */
export function inactiveRows(subject: Subject): void {
  for (const isTraining of [true, false]) {
    const given = { training: isTraining, active };
    const all = (x: Tensor) => {
      const { output, observed } = applied({ ...subject, x }, given);
      const { gradient: of } = valueAndGrad((at: { params: Tensors; x: Tensor }) => {
        const y = counted(applied({ ...subject, ...at }, given).output, given);
        return sum(mul(y, normal(keyFor(root, "upstream"), y.shape)));
      })({ params: subject.params, x });
      for (const row of inactive)
        expectThat(
          `${subject.part}: row ${row} is not active, and the gradient reaches it`,
          valuesOf(rowOf(of.x, row)).every((g) => g === 0),
        );
      return { output: counted(output, given), observed, gradient: of };
    };
    const what = `${subject.part} (training: ${isTraining}): with other values in rows that are not active`;
    expectSame(what, all(withRows(subject.x, inactive, 3)), all(withRows(subject.x, inactive, -70)));
  }
}

/** The update keeps names, shapes and dtypes, is the same each time, and moves something, or there is none. */
export function update(subject: Subject): void {
  const { normalizer, part, buffers } = subject;
  if (normalizer.update === undefined) return;
  const observed = stacked([
    applied(subject, { training: true }).observed,
    applied({ ...subject, x: withRows(subject.x, inactive, 1) }, { training: true, active }).observed,
  ]);
  const after = { ...buffers, ...normalizer.update(buffers, observed) };
  expectSame(`${part}: updated again`, { ...buffers, ...normalizer.update(buffers, observed) }, after);
  expectSame(`${part}: the updated buffers`, mapRecord(after, zerosLike), mapRecord(buffers, zerosLike));
  for (const [name, y] of Object.entries(after)) expectFinite(`${part}: buffer ${name} after an update`, y);
  if (leavesOf(buffers).length === 0) return;
  const moves = Object.entries(after).some(([name, y]) => {
    const old = buffers[name];
    return old !== undefined && valuesOf(y).some((v, i) => v !== valuesOf(old)[i]);
  });
  expectThat(`${part}: the update leaves every buffer as it was`, moves);
}

/** Where no row has a step, the buffers stay as they were, bit for bit. */
export function emptySteps(subject: Subject): void {
  const { normalizer, part, buffers } = subject;
  if (normalizer.update === undefined) return;
  const observed = stacked([applied(subject, { training: true, active: none }).observed]);
  expectSame(`${part}: without active rows`, { ...buffers, ...normalizer.update(buffers, observed) }, buffers);
}

/** The initial buffers work in evaluation, and missing parameters or buffers are an error. */
export function beginning(subject: Subject): void {
  const { normalizer, part, shape, x } = subject;
  const buffers = mapRecord(normalizer.buffers?.(shape, part) ?? {}, (spec) => filled(spec, x.dtype));
  expectFinite(`${part}: evaluated before training`, applied({ ...subject, buffers }, { training: false }).output);
  for (const what of ["params", "buffers"] as const) {
    const [first] = Object.keys(subject[what]);
    if (first === undefined) continue;
    const { [first]: _, ...rest } = subject[what];
    expectThat(
      `${part}: without ${first} of its ${what} it does not throw a TensorError`,
      throwsTensorError(() => applied({ ...subject, [what]: rest }, { training: false })),
    );
  }
}

/** The steps' observations, one after the other. */
export function stacked(observed: readonly Tensors[]): Tensors {
  return mapRecord(observed[0] ?? {}, (_, name) => stack(observed.flatMap((step) => step[name] ?? [])));
}

/** The output where rows count, and 0 elsewhere. */
function counted(output: Tensor, { active: rowsThatCount }: Given): Tensor {
  if (rowsThatCount === undefined) return output;
  return select(reshape(rowsThatCount, [batch, ...output.shape.slice(1).map(() => 1)]), output, 0);
}

function expectFinite(what: string, x: Tensor): void {
  const at = arrayOf(x).data.findIndex((v) => !Number.isFinite(v));
  expectThat(`${what} is ${valuesOf(x)[at]} at ${at}`, at < 0);
}

function throwsTensorError(f: () => unknown): boolean {
  try {
    f();
    return false;
  } catch (error) {
    return error instanceof TensorError;
  }
}
