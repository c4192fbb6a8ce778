/** The laws that hold for every fusion. Each is a function of a subject and throws if the law is broken. */
import { checkBuffers, checkParameters, parameterCount, specsOf } from "@sluice/params";
import {
  assertGradient,
  grad,
  key,
  leavesOf,
  mapTree,
  sliceAxis,
  square,
  tensor,
  TensorError,
  valueAndGradAux,
  valuesOf,
  zipTrees,
  type ArrayTensor,
  type Tensor,
  type Tree,
} from "@sluice/tensor";
import { arrayOf, expectSame, expectThat } from "@sluice/tensor/testing";
import { sameShape, showShape, sizeOf, zeroBeyond } from "@sluice/tensor/internal";
import type { Fused } from "../fusion.ts";
import {
  allOf,
  batch,
  filled,
  flags,
  integers,
  missing,
  ragged,
  rowOf,
  rows,
  run,
  subjectAt,
  timeIn,
  trained,
  weighed,
  type Described,
  type Modalities,
  type Subject,
  type Trained,
} from "./subject.ts";

const both = (modalities: Modalities): Modalities => ragged(missing(modalities));

/** The parameters have the names, shapes and number of the specs, and depend on the key alone. */
export function parameters({ fusion }: Subject): void {
  const params = fusion.init(key(1));
  checkParameters(fusion.name, fusion.params, params);
  const numbers = leavesOf(params).reduce((total, { tensor: w }) => total + sizeOf(w.shape), 0);
  const said = parameterCount(fusion);
  expectThat(`${numbers} numbers, but parameterCount says ${said}`, numbers === said);
  expectSame("the same key", fusion.init(key(1)), params);
  const names = specsOf(fusion.params).map(({ path }) => path);
  expectThat("two parameters have one name", new Set(names).size === names.length);
}

/** Saved by name and loaded again, the parameters give the same outputs. */
export function saved(subject: Subject): void {
  const { fusion, params } = subject;
  const file = JSON.stringify(
    Object.fromEntries(
      leavesOf(params).map(({ path, tensor: w }) => [path, { ...arrayOf(w), data: [...valuesOf(w)] }]),
    ),
  );
  const read = new Map(Object.entries<ArrayTensor>(JSON.parse(file)));
  const loaded = mapTree(fusion.init(key(2)), (_, path) => {
    const found = read.get(path);
    if (found === undefined) throw new TensorError(`no parameter ${path} was saved`);
    return tensor(Array.from(found.data), found.shape, { dtype: found.dtype });
  });
  expectSame("loaded parameters", allOf(run({ ...subject, params: loaded })), allOf(run(subject)));
}

/**
 * Every parameter and every modality has a gradient that is not all zeros, with all modalities present or with some
 * missing: what stands in the place of a missing one is used only there.
 */
export function used(subject: Subject): void {
  const [whole, some] = [subject.modalities, both(subject.modalities)].map((modalities) => {
    const given = { ...subject, modalities };
    return leavesOf(grad((at: Trained) => weighed(run(subjectAt(given, at))))(trained(given)));
  });
  whole?.forEach(({ path, tensor: g }, i) => {
    const all = [...valuesOf(g), ...(some?.[i] ? valuesOf(some[i].tensor) : [])];
    expectThat(
      `${path} reaches no output`,
      all.some((value) => value !== 0),
    );
  });
}

/** Output and lengths have the shapes that `outputShape` and `features` say. */
export function shapes(subject: Subject): void {
  const { fusion, modalities } = subject;
  const time = Object.fromEntries(
    Object.entries(modalities).flatMap(([name, modality]) => {
      const steps = timeIn(modality);
      return steps === undefined ? [] : [[name, steps]];
    }),
  );
  for (const given of [modalities, both(modalities)]) {
    const { output, lengths, times } = run({ ...subject, modalities: given });
    const said = fusion.outputShape({ batch, time });
    expectThat(`the output is ${showShape(output.shape)}, not ${showShape(said)}`, sameShape(output.shape, said));
    expectThat(`the last axis is not ${fusion.features}, the features`, output.shape.at(-1) === fusion.features);
    const steps = output.shape.length === 3 ? output.shape[1] : undefined;
    if (steps === undefined) {
      expectThat("an output without a time axis has lengths or times", lengths === undefined && times === undefined);
      continue;
    }
    if (times !== undefined) expectThat("times are not [batch, time]", sameShape(times.shape, [batch, steps]));
    if (lengths === undefined) continue;
    expectThat("lengths are not i32 [batch]", lengths.dtype === "i32" && sameShape(lengths.shape, [batch]));
    expectThat(
      "lengths are not from 0 to the number of steps",
      valuesOf(lengths).every((n) => n >= 0 && n <= steps),
    );
    expectSame("output beyond the lengths", zeroBeyond(output, lengths, { batch: 0, time: 1 }), output);
  }
}

/** Values of a missing modality, NaN included, reach nothing. */
export function missingReachesNothing(subject: Subject): void {
  notLookedAt({ ...subject, modalities: missing(subject.modalities) });
}

/** Values beyond the lengths, NaN included, reach nothing. */
export function paddingReachesNothing(subject: Subject): void {
  notLookedAt({ ...subject, modalities: ragged(subject.modalities) });
  notLookedAt({ ...subject, modalities: both(subject.modalities) });
}

function notLookedAt(subject: Subject): void {
  const at = (fill: number): Tree => {
    const given = { ...subject, modalities: filled(subject.modalities, fill) };
    const f = valueAndGradAux((point: Trained) => {
      const fused = run(subjectAt(given, point), { traces: true });
      return { value: weighed(fused), aux: { ...allOf(fused), traces: fused.traces } };
    });
    return f(trained(given));
  };
  const expected = at(0);
  for (const { path, tensor: y } of leavesOf(expected))
    expectThat(`${path} is not finite with zeros as missing and padded values`, valuesOf(y).every(Number.isFinite));
  for (const fill of [NaN, Infinity, -3e38]) expectSame(`${fill} as missing and padded values`, at(fill), expected);
}

/** Passing `present` that is true everywhere, and full lengths, changes no bit. */
export function saysNothing(subject: Subject): void {
  const modalities = Object.entries(subject.modalities).map(([name, modality]) => {
    const time = timeIn(modality);
    return [
      name,
      {
        ...modality,
        present: flags(rows.map(() => true)),
        ...(time !== undefined && { lengths: integers(rows.map(() => time)) }),
      },
    ];
  });
  const said = run({ ...subject, modalities: Object.fromEntries(modalities) });
  expectSame("with all present", allOf(said), allOf(run(subject)));
}

/** A row gives the same alone as within a batch, and so in any order of rows. */
export function independent(subject: Subject): void {
  for (const given of [subject.modalities, both(subject.modalities)]) {
    const whole = run({ ...subject, modalities: given });
    const cut = (row: number): Tree => mapTree(everything(whole), (y) => sliceAxis(y, 0, row, row + 1));
    for (const row of rows) {
      const alone = run({ ...subject, modalities: rowOf(given, row) });
      expectSame(`row ${row} alone`, everything(alone), cut(row));
    }
  }
}

/** A padded row gives the same result as without padding. */
export function unpadded(subject: Subject): void {
  const modalities = ragged(subject.modalities);
  const whole = run({ ...subject, modalities });
  for (const row of rows) {
    const alone = run({ ...subject, modalities: cut(rowOf(modalities, row), subject.fusion.aligned) });
    const same = (of: Tensor, like: Tensor): Tensor =>
      sliceAxis(like.shape.length === 3 ? sliceAxis(of, 1, 0, like.shape[1] ?? 0) : of, 0, row, row + 1);
    const expected = zipTrees(allOf(whole), allOf(alone), same);
    expectSame(`row ${row} without padding`, allOf(alone), expected);
  }
}

/** Sequences of one row without their padding; aligned ones as long as the longest. */
function cut(modalities: Modalities, aligned: boolean): Modalities {
  const lengthOf = ({ lengths }: Described): number => Math.max(1, ...(lengths ? valuesOf(lengths) : []));
  const longest = Math.max(...Object.values(modalities).map(lengthOf));
  return Object.fromEntries(
    Object.entries(modalities).map(([name, modality]) => {
      const { x, times, extra } = modality;
      if (times === undefined) return [name, modality];
      const to = (y: Tensor): Tensor => sliceAxis(y, 1, 0, aligned ? longest : lengthOf(modality));
      return [name, { ...modality, x: to(x), times: to(times), ...(extra && { extra: mapTree(extra, to) }) }];
    }),
  );
}

const everything = (fused: Fused): Tree => ({
  ...{ output: fused.output, outputs: fused.outputs },
  ...(fused.lengths && { lengths: fused.lengths }),
});

/** The order in which modalities are named changes nothing. */
export function anyOrder(subject: Subject): void {
  const modalities = Object.fromEntries(Object.entries(subject.modalities).toReversed());
  expectSame("modalities in another order", allOf(run({ ...subject, modalities })), allOf(run(subject)));
}

/** Evaluation is the same with a key; training draws from its key alone. */
export function randomness(subject: Subject): void {
  const evaluated = allOf(run(subject));
  expectSame("evaluation with a key", allOf(run(subject, { key: key(9) })), evaluated);
  const training = { training: true, key: key(4) };
  expectSame("training with the same key", allOf(run(subject, training)), allOf(run(subject, training)));
  const without = (): Tree | undefined => {
    try {
      return allOf(run(subject, { training: true }));
    } catch (error) {
      if (error instanceof TensorError) return undefined;
      throw error;
    }
  };
  const [first, second] = [without(), without()];
  expectThat("training without a key draws", (first === undefined) === (second === undefined));
  if (first !== undefined && second !== undefined) expectSame("training without a key", second, first);
}

/**
 * Evaluation leaves the buffers as they are. Training gives those of the next step, of the same types, the same each
 * time, and from nothing that is not looked at.
 */
export function buffered(subject: Subject): void {
  const { fusion, buffers } = subject;
  expectSame("the buffers after evaluation", run(subject).buffers, buffers);
  const after = (fill: number): Tree =>
    run({ ...subject, modalities: filled(both(subject.modalities), fill) }, { training: true, key: key(4) }).buffers;
  const next = after(0);
  checkBuffers(`${fusion.name} after training`, fusion.buffers, next, "f32");
  expectSame("the buffers after training again", after(0), next);
  expectSame("the buffers after training, with NaN at what is not looked at", after(NaN), next);
}

/** Traces are given on request, and change nothing. */
export function traced(subject: Subject): void {
  const plain = run(subject);
  const all = run(subject, { traces: true });
  expectThat("traces that were not requested", Object.keys(plain.traces).length === 0);
  expectSame("with traces", allOf(all), allOf(plain));
  for (const [name, value] of Object.entries(all.traces))
    expectSame(`trace ${name} alone`, run(subject, { traces: [name] }).traces, { [name]: value });
}

/** The gradient of all outputs with respect to parameters and modalities equals finite differences. */
export function gradient(subject: Subject): void {
  for (const modalities of [subject.modalities, both(subject.modalities)]) {
    const given = { ...subject, modalities };
    assertGradient((at: Trained) => allOf(run(subjectAt(given, at))), trained(given), { samples: 3 });
  }
}

/** The gradient of the gradient equals finite differences. */
export function secondDerivative(subject: Subject): void {
  const given = { ...subject, modalities: both(subject.modalities) };
  const loss = (at: Trained): Tensor => square(weighed(run(subjectAt(given, at))));
  assertGradient(grad(loss), trained(given), { samples: 2 });
}
