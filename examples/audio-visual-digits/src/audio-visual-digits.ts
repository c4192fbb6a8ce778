import { dense, gru, sequence } from "@sluice/cells";
import { digits, fsdd, type Digits, type SpokenDigits } from "@sluice/data";
import { concatenation, multimodal } from "@sluice/fusion";
import { key, less, lessEqual, mul, uniform, valuesOf, type Tensor } from "@sluice/tensor";
import { accuracy, adam, crossEntropy, rowsOf } from "@sluice/train";
import { fit, type ModelOptions } from "@sluice/trials";

type Shares = readonly [sound: number, image: number];
type Pairs = { readonly [part in "sound" | "lengths" | "image" | "hasSound" | "hasImage" | "y"]: Tensor };
const [hidden, outputs] = [48, "last"] as const;
const multimodalModel = multimodal({
  encoders: {
    sound: sequence(gru({ input: 40, hidden }), { outputs }),
    image: sequence(gru({ input: 28, hidden }), { outputs }),
  },
  fusion: concatenation({ inputs: { sound: hidden, image: hidden }, presence: true }),
  readout: dense({ input: 2 * hidden + 2, output: 10 }),
});
const model = {
  init: multimodalModel.init,
  apply(params: ReturnType<typeof multimodalModel.init>, batch: Pairs, options?: ModelOptions) {
    const sound = { x: batch.sound, lengths: batch.lengths, present: batch.hasSound };
    return multimodalModel.apply(params, { sound, image: { x: batch.image, present: batch.hasImage } }, options);
  },
};

/** Up to `most` recordings, each with a picture of its digit from the same part; a share of either is missing. */
function pairs(sounds: SpokenDigits, pictures: Digits, most: number, [noSound, noImage]: Shares): Pairs {
  const every = Math.ceil(valuesOf(sounds.y).length / most);
  const chosen = Int32Array.from(valuesOf(sounds.y).keys()).filter((row) => row % every === 0);
  const { x, lengths, y } = rowsOf(sounds, chosen);
  const labels = [...valuesOf(pictures.y)];
  const byDigit = Array.from({ length: 10 }, (_, digit) => [...labels.keys()].filter((row) => labels[row] === digit));
  const shown = Int32Array.from(valuesOf(y), (digit, i) => byDigit[digit]?.at(i % byDigit[digit].length) ?? 0);
  const image = rowsOf(pictures.x, shown);
  const u = uniform(key(1), [shown.length]);
  return { sound: mul(x, 1 / 50), lengths, image, hasSound: lessEqual(noSound, u), hasImage: less(u, 1 - noImage), y };
}

/** Accuracies on the test digits: with both modalities, with one missing at test only, and with each alone. */
export async function audioVisualDigits({ examples = 2400, epochs = 10 } = {}) {
  const [sounds, pictures] = [await fsdd({ features: "logMel", audio: { hop: 160 } }), await digits()];
  const data = (part: "train" | "test", missing: Shares) => pairs(sounds[part], pictures[part], examples, missing);
  const options = { loss: crossEntropy, metrics: { accuracy }, optimizer: adam({ learningRate: 3e-3 }) } as const;
  const found: [string, number][] = [];
  for (const [missing, tests] of [
    [[0.2, 0.2], { both: [0, 0], "sound missing at test": [1, 0], "image missing at test": [0, 1] }],
    [[0, 1], { "sound alone": [0, 1] }],
    [[1, 0], { "image alone": [1, 0] }],
  ] as const) {
    const trained = await fit(model, { train: data("train", missing) }, { ...options, epochs });
    for (const [name, gone] of Object.entries(tests))
      found.push([name, (await trained.evaluate(data("test", gone))).metrics.accuracy]);
  }
  return Object.fromEntries(found);
}
