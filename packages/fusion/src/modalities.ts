/** Checks the modalities passed to a fusion's `apply`. */
import { full, isTensor, select, tensor, TensorError, type Tensor } from "@sluice/tensor";
import { checkList, checkOptions, isFloat, sameShape, shown, showShape, suggestion } from "@sluice/tensor/internal";
import type { DescribedModality, Fusion, Modality, ModalitySpec } from "./fusion.ts";

/** A checked modality. */
export interface GivenModality {
  readonly name: string;
  readonly spec: ModalitySpec;
  readonly x: Tensor;
  /** i32 `[batch]`, as given; undefined: all steps. */
  readonly lengths: Tensor | undefined;
  readonly times: Tensor | undefined;
  /** bool `[batch]`: whether the row has the modality at all. */
  readonly rows: Tensor | undefined;
  /** bool `[batch, time]`: whether the row has the step. */
  readonly steps: Tensor | undefined;
  /** What the encoder reads besides `x`; the encoder checks it. */
  readonly extra: DescribedModality["extra"];
}

/** What the modalities must fit. */
type Expected = Pick<Fusion, "name" | "inputs" | "aligned">;

/** The modalities in the order of `inputs`. */
export function givenModalities(
  { name: fusion, inputs, aligned }: Expected,
  given: Readonly<Record<string, Modality>>,
): GivenModality[] {
  if (typeof given !== "object" || given === null || isTensor(given))
    throw new TensorError(`${fusion}: the modalities are ${shown(given)}, expected an object with one tensor for each`);
  const names = Object.keys(inputs);
  const strange = Object.keys(given).find((name) => !Object.hasOwn(inputs, name));
  if (strange !== undefined)
    throw new TensorError(`${fusion}: unknown modality ${strange}; ${suggestion(strange, names)}`);
  const modalities = Object.entries(inputs).map(([name, spec]) => givenModality(fusion, name, spec, given[name]));
  agree(fusion, "batch", 0, modalities);
  if (aligned)
    agree(
      fusion,
      "time",
      1,
      modalities.filter(({ spec }) => spec.kind === "sequence"),
    );
  return modalities;
}

/** Checks one modality. */
export function givenModality(
  fusion: string,
  name: string,
  spec: ModalitySpec,
  given: Modality | undefined,
): GivenModality {
  if (given === undefined)
    throw new TensorError(
      `${fusion}: modality ${name} was not given; if it is missing, pass any values and set present to false`,
    );
  if (!isTensor(given))
    checkOptions(`${fusion}: modality ${name}`, given, ["x", "lengths", "times", "present", "extra"], {
      mask: "present",
      missing: "present",
      length: "lengths",
      time: "times",
      timestamps: "times",
    });
  const described: DescribedModality = isTensor(given) ? { x: given } : given;
  const place = `${fusion}: modality ${name}`;
  const x = checkedX(place, spec, described.x);
  const size = { batch: x.shape[0] ?? 0, time: spec.kind === "sequence" ? x.shape[1] : undefined };
  if (described.extra !== undefined && spec.extra === undefined)
    throw new TensorError(`${place}: no encoder reads its extra (${Object.keys(described.extra).join(", ")})`);
  return {
    name,
    spec,
    x,
    extra: described.extra,
    lengths: lengthsOf(place, described.lengths, size),
    times: timesOf(place, described.times, size),
    ...presenceOf(place, described.present, size),
  };
}

/**
 * i32 `[batch]`: the number of steps of each row of a sequence, 0 if the row lacks it; undefined if every row has all
 * steps.
 */
export function stepsOf({ x, lengths, rows }: GivenModality): Tensor | undefined {
  if (rows === undefined) return lengths;
  return select(rows, lengths ?? full(rows.shape, x.shape[1] ?? 0, "i32"), 0);
}

/** A checked modality as an argument for another `apply`, with the values `x`. */
export function described({ lengths, times, rows, steps }: GivenModality, x: Tensor): DescribedModality {
  const present = rows ?? steps;
  return { x, ...(lengths && { lengths }), ...(times && { times }), ...(present && { present }) };
}

interface Size {
  readonly batch: number;
  /** Of a sequence. */
  readonly time: number | undefined;
}

function checkedX(place: string, { kind, width, x: spec }: ModalitySpec, x: unknown): Tensor {
  const shape = spec?.shape ?? [width];
  const lead = kind === "sequence" ? ["batch", "time"] : ["batch"];
  const expected = `[${[...lead, ...shape].join(", ")}]`;
  if (!isTensor(x)) throw new TensorError(`${place} is ${shown(x)}, expected a tensor ${expected}`);
  const fits = x.shape.length === lead.length + shape.length && sameShape(x.shape.slice(lead.length), shape);
  const dtype = spec?.dtype ?? "f32";
  if (fits && (isFloat(x.dtype) ? dtype === "f32" : x.dtype === dtype)) return x;
  const hint =
    kind === "vector" && x.shape.length === 3
      ? `; for a sequence, declare it in inputs as { kind: "sequence", width: ${width} }`
      : "";
  throw new TensorError(
    `${place} must be ${fits ? `${dtype} ` : ""}${expected}, got ${fits ? `${x.dtype} ` : ""}${showShape(x.shape)}${fits ? "" : hint}`,
  );
}

function lengthsOf(place: string, given: DescribedModality["lengths"], { batch, time }: Size): Tensor | undefined {
  if (given === undefined) return undefined;
  if (time === undefined) throw new TensorError(`${place} is a vector and has no lengths; use present`);
  if (!isTensor(given)) checkList(place, "lengths", given, "[4, 2]");
  const lengths = isTensor(given) ? given : tensor(given, [given.length], { dtype: "i32" });
  if (lengths.dtype !== "i32" || !sameShape(lengths.shape, [batch]))
    throw new TensorError(
      `${place}: lengths must be i32 [${batch}], one for each row, got ${lengths.dtype} ${showShape(lengths.shape)}`,
    );
  const values = isTensor(given) ? (given.kind === "array" ? [...given.data] : []) : given;
  if (values.some((n) => !Number.isInteger(n) || n < 0 || n > time))
    throw new TensorError(
      `${place}: lengths must be integers from 0 to ${time}, the number of steps, got ${values.join(", ")}`,
    );
  return lengths;
}

function timesOf(place: string, times: Tensor | undefined, { batch, time }: Size): Tensor | undefined {
  if (times === undefined) return undefined;
  if (time === undefined) throw new TensorError(`${place} is a vector and has no times`);
  if (isTensor(times) && isFloat(times.dtype) && sameShape(times.shape, [batch, time])) return times;
  throw new TensorError(`${place}: times must be f32 [${batch},${time}], got ${typeOf(times)}`);
}

function presenceOf(
  place: string,
  present: Tensor | undefined,
  { batch, time }: Size,
): Pick<GivenModality, "rows" | "steps"> {
  if (present === undefined) return { rows: undefined, steps: undefined };
  if (isTensor(present) && present.dtype === "bool") {
    if (sameShape(present.shape, [batch])) return { rows: present, steps: undefined };
    if (time !== undefined && sameShape(present.shape, [batch, time])) return { rows: undefined, steps: present };
  }
  const orSteps = time === undefined ? "" : ` or [${batch},${time}]`;
  throw new TensorError(`${place}: present must be bool [${batch}]${orSteps}, got ${typeOf(present)}`);
}

const typeOf = (given: unknown): string =>
  isTensor(given) ? `${given.dtype} ${showShape(given.shape)}` : shown(given);

/** Throws if modalities differ in an axis. */
function agree(fusion: string, what: string, axis: number, modalities: readonly GivenModality[]): void {
  const [first] = modalities;
  const other = modalities.find(({ x }) => x.shape[axis] !== first?.x.shape[axis]);
  if (first === undefined || other === undefined) return;
  throw new TensorError(
    `${fusion}: modalities must agree in the ${what} axis: ${first.name} is ${showShape(first.x.shape)}, ${other.name} is ${showShape(other.x.shape)}`,
  );
}
