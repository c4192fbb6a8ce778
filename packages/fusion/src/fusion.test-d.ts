import { key, type Tensor } from "@sluice/tensor";
import { expectTypeOf, test } from "vitest";
import { concatenation, gated, lowRank } from "./index.ts";

const inputs = { audio: 2, video: 3 };

test("the names of modalities are known", () => {
  const fusion = gated({ inputs, output: 4 });
  expectTypeOf<Parameters<typeof fusion.apply>[1]>().toEqualTypeOf<Readonly<Record<"audio" | "video", Tensor>>>();
  expectTypeOf(fusion.init(key(1)).Wz.video).toEqualTypeOf<Tensor>();
  expectTypeOf(lowRank({ inputs, output: 4 }).init(key(1)).W.audio).toEqualTypeOf<Tensor>();
  // @ts-expect-error: no such modality
  expectTypeOf(fusion.init(key(1)).W.text);
});

test("concatenation has no parameters", () => {
  expectTypeOf(concatenation({ inputs }).init(key(1))).toEqualTypeOf<Readonly<Record<never, never>>>();
});
