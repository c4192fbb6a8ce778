import { TensorError } from "@sluice/tensor";
import { checkOptions } from "@sluice/tensor/internal";
import { completeMfcc, mfccAliases, mfccFrames, mfccOptions, type MfccOptions } from "../audio/mfcc.ts";
import { logMelFrames } from "../audio/log-mel.ts";
import { framesOf } from "../audio/mel-spectrogram.ts";
import { checkChoice } from "../check.ts";

/** What a sound becomes: steps, each of so many numbers. */
export interface SoundFeatures {
  /** For the name of the data set; empty for the samples themselves. */
  readonly description: string;
  /** Numbers of a step. */
  readonly width: number;
  /** The number of steps of so many samples. */
  readonly stepsOf: (samples: number) => number;
  /** The numbers of all steps, step after step. */
  readonly of: (samples: Float32Array) => ArrayLike<number>;
}

type Kind = "wave" | "logMel" | "mfcc";

/** The features of sounds at `rate` Hz, with defaults for speech: frames of 25 ms every 10 ms. */
export function soundFeatures(kind: Kind, audio: Omit<MfccOptions, "rate"> | undefined, rate: number): SoundFeatures {
  checkChoice("fsdd", "features", kind, ["wave", "logMel", "mfcc"]);
  if (kind === "wave") {
    if (audio !== undefined)
      throw new TensorError('fsdd: audio is for features "logMel" and "mfcc"; set features, or leave audio out');
    return { description: "", width: 1, stepsOf: (samples) => samples, of: (samples) => samples };
  }
  const operation = "fsdd: audio";
  if (audio !== undefined)
    checkOptions(
      operation,
      audio,
      mfccOptions.filter((name) => name !== "rate"),
      mfccAliases,
    );
  const [window, hop] = [rate / 40, rate / 100];
  const options = completeMfcc(operation, { size: 256, window, hop, bands: 40, coefficients: 13, ...audio, rate });
  const stepsOf = (samples: number): number => framesOf(samples, options);
  const { bands, coefficients } = options;
  return kind === "logMel"
    ? { description: `log-mel of ${bands} bands`, width: bands, stepsOf, of: logMelFrames(operation, options) }
    : { description: `${coefficients} MFCC`, width: coefficients, stepsOf, of: mfccFrames(operation, options) };
}
