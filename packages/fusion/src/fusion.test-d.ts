import { dense, gru, sequence } from "@sluice/cells";
import { kernel } from "@sluice/params";
import { key, type Tensor } from "@sluice/tensor";
import { expectTypeOf, test } from "vitest";
import {
  concatenation,
  crossAttention,
  defineFusion,
  gmu,
  lmf,
  multimodal,
  type Fusion,
  type Modality,
} from "./index.ts";

const inputs = { audio: 2, video: 3 };

test("the names of modalities are known", () => {
  const fusion = gmu({ inputs, output: 4 });
  expectTypeOf<Parameters<typeof fusion.apply>[1]>().toEqualTypeOf<Readonly<Record<"audio" | "video", Modality>>>();
  expectTypeOf(fusion.init(key(1)).Wz.video).toEqualTypeOf<Tensor>();
  expectTypeOf(lmf({ inputs, output: 4 }).init(key(1)).W.audio).toEqualTypeOf<Tensor>();
  // @ts-expect-error: no such modality
  expectTypeOf(fusion.init(key(1)).W.text);
  // @ts-expect-error: no such modality
  crossAttention({ inputs, query: "text", output: 4 });
});

test("concatenation has no parameters", () => {
  expectTypeOf(concatenation({ inputs }).init(key(1))).toEqualTypeOf<Readonly<Record<never, never>>>();
});

test("equations know their parameters and modalities", () => {
  const fusion = defineFusion({
    name: "sums",
    inputs,
    features: 2,
    params: { W: { audio: kernel([2, 2]) } },
    fuse(params, modalities) {
      expectTypeOf(params.W.audio).toEqualTypeOf<Tensor>();
      expectTypeOf<keyof typeof modalities>().toEqualTypeOf<"audio" | "video">();
      return { output: modalities.audio.x };
    },
  });
  expectTypeOf(fusion).toExtend<Fusion>();
});

test("a model has the parameters of its parts", () => {
  const model = multimodal({
    encoders: { audio: sequence(gru({ input: 3, hidden: 2 }), { outputs: "last" }) },
    fusion: gmu({ inputs, output: 4 }),
    readout: dense({ input: 4, output: 1 }),
  });
  const params = model.init(key(1));
  expectTypeOf(params.encoders.audio.U).toEqualTypeOf<Tensor>();
  expectTypeOf(params.fusion.W.video).toEqualTypeOf<Tensor>();
  expectTypeOf(params.readout.W).toEqualTypeOf<Tensor>();
  expectTypeOf<Parameters<typeof model.apply>[1]>().toEqualTypeOf<Readonly<Record<"audio" | "video", Modality>>>();
  expectTypeOf(model).toExtend<Fusion>();
});
