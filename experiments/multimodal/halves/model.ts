import { dense, gru, sequence, type LayerParams } from "@sluice/cells";
import type { Halves } from "@sluice/data";
import { concatenation, gated, lowRank, type Fused, type Fusion } from "@sluice/fusion";
import { keyFor, sliceAxis, type ArrayTensor, type Tensor, type Tree } from "@sluice/tensor";
import type { LogitsOptions } from "@sluice/trials";

export type FusionName = "upper" | "lower" | "concatenation" | "gated" | "lowRank";

/** What a model reads of a batch of digits. */
export type Seen = Pick<Halves, "upper" | "lower" | "present">;

type Half = "upper" | "lower";

/** Features of one step of a half, and its place among the modalities. */
const halves: { readonly [half in Half]: { readonly input: number; readonly place: number } } = {
  upper: { input: 28, place: 0 },
  lower: { input: 14, place: 1 },
};

/**
 * The halves that are looked at, and how they become one vector. A half alone is a fusion of one, so that it, too, is
 * told where the half is missing.
 */
function fusionOf(
  name: FusionName,
  hidden: number,
): { readonly names: readonly Half[]; readonly fusion: Fusion<Tree> } {
  const inputs = { upper: hidden, lower: hidden };
  switch (name) {
    case "upper":
    case "lower":
      return { names: [name], fusion: concatenation({ inputs: { [name]: hidden }, presence: true }) };
    case "concatenation":
      return { names: ["upper", "lower"], fusion: concatenation({ inputs, presence: true }) };
    case "gated":
      return { names: ["upper", "lower"], fusion: gated({ inputs, output: hidden }) };
    case "lowRank":
      return { names: ["upper", "lower"], fusion: lowRank({ inputs, output: hidden }) };
  }
}

const encoderOf = (half: Half, hidden: number) =>
  sequence(gru({ input: halves[half].input, hidden }), { outputs: "last" });
const readoutOf = (input: number) => dense({ input, output: 10 });

/** Parameters by part; those of the encoders of the halves that are looked at, by half. */
type Params = {
  readonly encoders: { readonly [half in Half]?: LayerParams<ReturnType<typeof encoderOf>> };
  readonly fusion: Tree;
  readonly readout: LayerParams<ReturnType<typeof readoutOf>>;
};

/** A GRU over each half, a fusion of their last states, and a softmax readout. */
export function halvesModel({ fusion: name, hidden }: { readonly fusion: FusionName; readonly hidden: number }) {
  const encoders = { upper: encoderOf("upper", hidden), lower: encoderOf("lower", hidden) };
  const { names, fusion } = fusionOf(name, hidden);
  const readout = readoutOf(fusion.features);

  const fuse = (params: Params, seen: Seen, options: LogitsOptions): Fused => {
    const encoded: Record<string, Tensor> = {};
    for (const half of names) {
      const own = params.encoders[half];
      if (own !== undefined) encoded[half] = encoders[half].apply(own, seen[half], options).output;
    }
    const places = names.map((half) => halves[half].place);
    return fusion.apply(params.fusion, encoded, {
      present: sliceAxis(seen.present, 1, places[0]!, places.at(-1)! + 1),
    });
  };
  return {
    init: (key: ArrayTensor): Params => ({
      encoders: Object.fromEntries(names.map((half) => [half, encoders[half].init(keyFor(key, half))])),
      fusion: fusion.init(keyFor(key, "fusion")),
      readout: readout.init(keyFor(key, "readout")),
    }),
    /** `[batch, 10]` */
    logits: (params: Params, seen: Seen, { training = false, key }: LogitsOptions = {}): Tensor =>
      readout.apply(params.readout, fuse(params, seen, { training, ...(key === undefined ? {} : { key }) }).output)
        .output,
    /** The gates as they are applied, `[batch, hidden]` by `gate.<half>`; none of a fusion without gates. */
    gates: (params: Params, seen: Seen): Readonly<Record<string, Tensor>> => fuse(params, seen, {}).traces,
  };
}
