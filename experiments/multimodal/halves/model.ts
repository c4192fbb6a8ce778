import { dense, gru, sequence } from "@sluice/cells";
import type { Halves } from "@sluice/data";
import { concatenation, gmu, lmf, multimodal, type DescribedModality, type Fusion } from "@sluice/fusion";
import { reshape, sliceAxis, type ArrayTensor, type Tensor } from "@sluice/tensor";
import type { ModelOptions } from "@sluice/trials";

export type FusionName = "upper" | "lower" | "concatenation" | "gmu" | "lmf";

/** What a model reads of a batch of digits. */
export type Seen = Pick<Halves, "upper" | "lower" | "present">;

const halves = ["upper", "lower"] as const;
type Half = (typeof halves)[number];

/** Features of one step of a half. */
const input: { readonly [half in Half]: number } = { upper: 28, lower: 14 };

/**
 * How the halves that a variant reads become one vector. A single half is a fusion of one modality, so that it also
 * gets the flag for a missing half.
 */
function fusionOf(name: FusionName, hidden: number): Fusion {
  const inputs = { upper: hidden, lower: hidden };
  switch (name) {
    case "upper":
    case "lower":
      return concatenation({ inputs: { [name]: hidden }, presence: true });
    case "concatenation":
      return concatenation({ inputs, presence: true });
    case "gmu":
      return gmu({ inputs, output: hidden });
    case "lmf":
      return lmf({ inputs, output: hidden });
  }
}

/** A GRU over each half, a fusion of their last states, and a softmax readout. */
export function halvesModel({ fusion: name, hidden }: { readonly fusion: FusionName; readonly hidden: number }) {
  const encoders = halves.map(
    (half) => [half, sequence(gru({ input: input[half], hidden }), { outputs: "last" })] as const,
  );
  const fusion = fusionOf(name, hidden);
  const seen = halves.filter((half) => Object.hasOwn(fusion.inputs, half));
  const model = multimodal({
    encoders: Object.fromEntries(encoders.filter(([half]) => seen.includes(half))),
    fusion,
    readout: dense({ input: fusion.features, output: 10 }),
  });
  type Params = ReturnType<typeof model.init>;
  const modalities = ({ present, ...given }: Seen): Record<string, DescribedModality> =>
    Object.fromEntries(
      seen.map((half) => [half, { x: given[half], present: columnOf(present, halves.indexOf(half)) }]),
    );
  return {
    init: (key: ArrayTensor) => model.init(key),
    /** Logits `[batch, 10]`. */
    apply: (params: Params, given: Seen, options: ModelOptions = {}) => model.apply(params, modalities(given), options),
    /** The applied gates, `[batch, hidden]` by `fusion.gate.<half>`; empty for a fusion without gates. */
    gates: (params: Params, given: Seen): Readonly<Record<string, Tensor>> => {
      const { traces } = model.apply(params, modalities(given), { traces: true });
      return Object.fromEntries(Object.entries(traces).filter(([trace]) => trace.startsWith("fusion.")));
    },
  };
}

/** bool `[batch]` */
const columnOf = (present: Tensor, column: number): Tensor =>
  reshape(sliceAxis(present, 1, column, column + 1), [present.shape[0] ?? 0]);
