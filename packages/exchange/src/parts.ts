import { mapSpecs, specsOf, type Specs } from "@sluice/params";
import { leavesOf, TensorError, type Tensor, type Tree } from "@sluice/tensor";
import { checked, checkNames, exported, importInto, joined, shapeOf, type Blocks, type Named } from "./convert.ts";
import type { WeightLayout } from "./layout.ts";

/** A part of a layer with its own weights: a cell of a stack, one of its directions, or a dense layer. */
export interface Part {
  /** The prefix of its parameters in the layer's, such as `0.forward.`, or "". */
  readonly path: string;
  /** The replacement of `{layer}` in the names of its weights. */
  readonly layer: string;
  readonly weights: readonly WeightLayout[];
}

/** The library's weights of all parts of a layer. */
export function exportParts(library: string, parts: readonly Part[], params: Tree): Record<string, Tensor> {
  namesOf(library, parts);
  const tensors = new Map(leavesOf(params).map(({ path, tensor }) => [path, tensor]));
  return Object.fromEntries(
    parts.flatMap((part) => {
      const own = below(tensors, part.path);
      return part.weights.map((weight) => [nameIn(part, weight), exported(weight, own)] as const);
    }),
  );
}

/** The parameters of a layer with specs `specs`, from the library's weights. */
export function importParts(library: string, parts: readonly Part[], specs: Specs, named: Named): Tree {
  checkNames(named, namesOf(library, parts), library);
  const shapes = new Map(specsOf(specs).map(({ path, spec }) => [path, spec.shape]));
  const parameters = new Map<string, Tensor>();
  for (const part of parts) {
    const own = below(shapes, part.path);
    const blocks: Blocks = new Map();
    for (const weight of part.weights) {
      const name = nameIn(part, weight);
      importInto(blocks, weight, checked(named, name, shapeOf(weight, own), library), own, { library, name });
    }
    for (const path of own.keys()) parameters.set(part.path + path, joined(blocks.get(path), path, library));
  }
  return mapSpecs(specs, (_, path) => joined([parameters.get(path)], path, library));
}

const nameIn = ({ layer }: Part, { name }: WeightLayout): string => name.replaceAll("{layer}", layer);

/** The names of all weights. Throws an error if two weights have the same name. */
function namesOf(library: string, parts: readonly Part[]): string[] {
  const names = parts.flatMap((part) => part.weights.map((weight) => nameIn(part, weight)));
  const twice = names.find((name, i) => names.indexOf(name) !== i);
  if (twice === undefined) return names;
  throw new TensorError(
    `${library}: two weights would be called ${twice}; put {layer} into the layout's names, or convert the layers one by one`,
  );
}

function below<T>(all: ReadonlyMap<string, T>, prefix: string): Map<string, T> {
  return new Map(
    [...all].flatMap(([path, value]) => (path.startsWith(prefix) ? [[path.slice(prefix.length), value] as const] : [])),
  );
}
