import { dense, gru, sequence } from "@sluice/cells";
import type { Mosi } from "@sluice/data";
import { gmu, modalityDropout, multimodal } from "@sluice/fusion";
import { full, valuesOf, type Tensor } from "@sluice/tensor";
import { adam, crossEntropy } from "@sluice/train";
import { fit } from "@sluice/trials";

const subsets = [["text"], ["audio"], ["video"], ["text", "audio"], ["text", "video"], ["audio", "video"]];
const all = ["text", "audio", "video"];
type Examples = Mosi & { readonly present: { readonly text: Tensor; readonly audio: Tensor; readonly video: Tensor } };

/** A GRU reads each modality; at every utterance, gates choose among those that are there. */
const steps = { kind: "sequence", width: 16 } as const;
const net = multimodal({
  encoders: {
    text: sequence(gru({ input: 100, hidden: 16 })),
    audio: sequence(gru({ input: 73, hidden: 16 })),
    video: sequence(gru({ input: 100, hidden: 16 })),
  },
  fusion: gmu({ inputs: { text: steps, audio: steps, video: steps }, output: 16 }),
  readout: dense({ input: 16, output: 2 }),
});
const dropping = modalityDropout(net, { rate: 0.3 });
const model = {
  init: dropping.init,
  params: dropping.params,
  apply(params: ReturnType<typeof net.init>, examples: Omit<Examples, "y">, options = {}) {
    const of = (name: "text" | "audio" | "video") => ({
      x: examples[name],
      lengths: examples.lengths,
      present: examples.present[name],
    });
    return dropping.apply(params, { text: of("text"), audio: of("audio"), video: of("video") }, options);
  },
};

/** The examples as if every clip had only these modalities. */
function withOnly(examples: Mosi, kept: readonly string[]): Examples {
  const flags = (name: string): Tensor => full([examples.y.shape[0] ?? 0], Number(kept.includes(name)), "bool");
  return { ...examples, present: { text: flags("text"), audio: flags("audio"), video: flags("video") } };
}

/** The share of the utterances whose sentiment is positive. */
export function shareOfPositive({ lengths, y }: Mosi): number {
  const [labels, counts] = [valuesOf(y), [...valuesOf(lengths)]];
  const positive = counts.flatMap((n, clip) => [...labels.subarray(63 * clip, 63 * clip + n)]);
  return positive.reduce((a, b) => a + b) / positive.length;
}

/** The accuracy on the test clips with every subset of the modalities, of a number of epochs that is fixed beforehand. */
export async function mosiMissing({ train, test }: { train: Mosi; test: Mosi }, { epochs = 20 } = {}) {
  const options = { loss: crossEntropy, optimizer: adam({ learningRate: 3e-3 }), size: 8, epochs };
  const trained = await fit(model, { train: withOnly(train, all) }, options);
  const [lengths, y] = [valuesOf(test.lengths), valuesOf(test.y)];
  const results: { modalities: string; accuracy: number }[] = [];
  for (const kept of [...subsets, all]) {
    const logits = valuesOf(await trained.predict(withOnly(test, kept))); // [clips, 63, 2]
    const isRight = (at: number): boolean => (logits[2 * at + 1] ?? 0) > (logits[2 * at] ?? 0) === (y[at] === 1);
    const byClip = Array.from(lengths, (n, clip) => Array.from({ length: n }, (_, t) => isRight(63 * clip + t)));
    const accuracies = byClip.map((clip) => clip.filter(Boolean).length / clip.length);
    results.push({ modalities: kept.join(" + "), accuracy: accuracies.reduce((a, b) => a + b) / accuracies.length });
  }
  return results;
}
