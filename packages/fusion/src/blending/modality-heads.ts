import type { Layer } from "@sluice/cells";
import { checkBuffers, checkParameters, type BufferSpecs, type Specs } from "@sluice/params";
import { keyFor, TensorError, type Tensor, type Tree } from "@sluice/tensor";
import { checkKey, checkMade, checkOptions, isFloat } from "@sluice/tensor/internal";
import { checkFuseOptions, type FusionPart, type ParamsOfPart } from "../define-fusion.ts";
import { encodeAll } from "../encoders.ts";
import type { DescribedModality, Fusion } from "../fusion.ts";
import { givenModalities, givenModality } from "../modalities.ts";
import { checkTraces, optionsOf, tracesOf } from "../part-options.ts";
import { seen } from "../seen.ts";

/** The parameters of {@link modalityHeads}: those of the fusion, and of each head. */
export type ModalityHeadsParams<
  P extends Tree = Tree,
  H extends Readonly<Record<string, Layer>> = Record<string, Layer>,
> = {
  readonly fusion: P;
  readonly heads: { readonly [N in keyof H]: ParamsOfPart<H[N]> };
};

/**
 * A fusion that also reads each modality alone, by a layer of its own: for losses, weights and learning curves of each
 * modality ({@link blendedLoss}, {@link blendingWeights}). `outputs` gets `heads.audio`, what the head of audio gives for
 * what the fusion reads as audio. Where the row (or step) misses the modality it is 0, without a gradient.
 *
 *     const model = multimodal({
 *       encoders: { audio: sequence(gru({ input: 3, hidden: 8 }), { outputs: "last" }) },
 *       fusion: modalityHeads(gmu({ inputs: { audio: 8, pose: 5 }, output: 6 }), {
 *         audio: dense({ input: 8, output: 2 }),
 *         pose: dense({ input: 5, output: 2 }),
 *       }),
 *       readout: dense({ input: 6, output: 2 }),
 *     });
 *
 * The output is that of the fusion. Parameters, keys, buffers and traces have the names of their parts: `fusion` and
 * `heads.audio`. Throws a TensorError if a head does not take what the fusion takes.
 */
export function modalityHeads<P extends Tree, M extends string, const H extends Readonly<Partial<Record<M, Layer>>>>(
  fusion: Fusion<P, M>,
  heads: H & Readonly<Record<Exclude<keyof H, M>, never>>,
): Fusion<ModalityHeadsParams<P, { readonly [N in keyof H]: NonNullable<H[N]> }>, M>;
export function modalityHeads(fusion: Fusion, heads: Readonly<Record<string, Layer>>): Fusion<ModalityHeadsParams> {
  checked(fusion, heads);
  const of = <T>(f: (part: FusionPart, name: string) => T) => ({
    fusion: f(fusion, "fusion"),
    heads: Object.fromEntries(Object.entries(heads).map(([name, head]) => [name, f(head, `heads.${name}`)])),
  });
  const params = of<Specs>((part) => part.params);
  const buffers = of<BufferSpecs>((part) => part.buffers);
  const parts = ["fusion", ...Object.keys(heads).map((name) => `heads.${name}`)];
  return {
    ...fusion,
    params,
    buffers,
    init(key, options) {
      checkKey("init", key);
      return of<Tree>((part, name) => part.init(keyFor(key, name), options));
    },
    initialBuffers: (options) => of<Tree>((part) => part.initialBuffers(options)),
    apply(weights, modalities, options = {}) {
      checkFuseOptions("modalityHeads", options);
      checkTraces("modalityHeads", options, parts);
      const given = givenModalities(fusion, modalities);
      const float = given.find(({ x }) => isFloat(x.dtype))?.x;
      checkParameters("modalityHeads", params, weights, float);
      checkBuffers("modalityHeads", buffers, options.buffers, float?.dtype ?? "f32");
      const fused = fusion.apply(weights.fusion, modalities, optionsOf("fusion", options));
      const read = encodeAll(heads, weights.heads, given, options, "heads");
      const outputs = given.flatMap((one): [string, Tensor][] => {
        const own = read.encoded[one.name];
        return own === undefined || heads[one.name] === undefined
          ? []
          : [[`heads.${one.name}`, zeroWhereMissing(one.name, own)]];
      });
      return {
        ...fused,
        outputs: { ...fused.outputs, ...Object.fromEntries(outputs) },
        buffers: { fusion: fused.buffers, heads: read.buffers },
        traces: { ...tracesOf("fusion", fused.traces), ...read.traces },
      };
    },
  };
}

/** What a head gives, 0 where the modality is missing. */
function zeroWhereMissing(name: string, read: DescribedModality): Tensor {
  const { shape } = read.x;
  const kind = shape.length === 3 ? "sequence" : "vector";
  return seen(givenModality("modalityHeads", name, { kind, width: shape.at(-1) ?? 1 }, read)).x;
}

function checked(fusion: Fusion, heads: Readonly<Record<string, Layer>>): void {
  const name = "modalityHeads";
  const made = { inputs: "object", params: "object", init: "function", apply: "function" } as const;
  checkMade(name, "the fusion", fusion, made, "gmu({ inputs, output })");
  checkOptions(`${name}: heads`, heads, Object.keys(fusion.inputs));
  for (const [of, head] of Object.entries(heads)) {
    const parts = { params: "object", init: "function", outputShape: "function", apply: "function" } as const;
    checkMade(name, `the head of ${of}`, head, parts, "dense({ input, output })");
    const width = fusion.inputs[of]?.width;
    if (head.input !== width)
      throw new TensorError(
        `${name}: the head of ${of} (${head.name}) takes ${head.input} features, but the fusion (${fusion.name}) takes ${width}; a head reads what the fusion reads`,
      );
  }
}
