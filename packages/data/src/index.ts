// The interface of every data set
export { type Dataset, type Examples, type Provenance, type SplitSizes } from "./dataset.ts";
export { DataError, type DataOrigin } from "./error.ts";
export { type Describable, describe } from "./describe.ts";

// Real digits
export type { Read } from "./files.ts";
export { type Digits, type DigitsOptions, digits } from "./digits/digits.ts";
export { type Halves, type HalvesOptions, halves } from "./digits/halves.ts";

// Other sets from npm packages
export { type MobyDickOptions, mobyDick } from "./text/moby-dick.ts";
export {
  type SeattleWeather,
  type SeattleWeatherOptions,
  type SeattleWeatherSet,
  type WeatherVariable,
  seattleWeather,
} from "./weather/seattle-weather.ts";

// Generated tasks
export { type BitStreams, type BitStreamXorOptions, bitStreamXor } from "./tasks/bit-stream-xor.ts";
export { type Adding, type AddingOptions, adding } from "./tasks/adding.ts";
export { type Copying, type CopyingOptions, copying } from "./tasks/copying.ts";
export { type DelayedCopies, type DelayedCopyOptions, delayedCopy } from "./tasks/delayed-copy.ts";
export { type FlipFlopOptions, type FlipFlops, flipFlop } from "./tasks/flip-flop.ts";
export { type Parity, type ParityOptions, parity } from "./tasks/parity.ts";
export type { DrawOptions } from "./tasks/generated.ts";
export { type EchoOptions, type Echoes, echo } from "./tasks/echo.ts";
export type { StringOptions, Transductions } from "./tasks/transduction.ts";
export { reverseString } from "./tasks/reverse-string.ts";
export { duplicateString } from "./tasks/duplicate-string.ts";
export {
  type ModularArithmetic,
  type ModularArithmeticOptions,
  type Operator,
  modularArithmetic,
} from "./tasks/modular-arithmetic.ts";
export { type Dyck, type DyckOptions, dyck } from "./tasks/dyck.ts";
export type { NumberRange, QueriedCurveOptions, QueriedCurves } from "./tasks/queried-curve.ts";
export { type DampedOscillatorOptions, dampedOscillators } from "./tasks/damped-oscillators.ts";
export { type IrregularSinesOptions, irregularSines } from "./tasks/irregular-sines.ts";
export type { ForecastOptions, Forecasts } from "./tasks/forecast.ts";
export { type LorenzOptions, lorenz } from "./tasks/lorenz.ts";
export { type MackeyGlassOptions, mackeyGlass } from "./tasks/mackey-glass.ts";
export { type SpikeTrainOptions, type SpikeTrainSet, type SpikeTrains, spikeTrains } from "./tasks/spike-trains.ts";
export {
  type Interaction,
  type TwoModalities,
  type TwoModalitiesOptions,
  type TwoModalitySet,
  twoModalities,
} from "./tasks/two-modalities.ts";

// Data sets read from the data folder
export { type FileSet, type SetFile, dataFolder, readFileSet } from "./folder.ts";
export { type Idx, parseIdx } from "./idx/parse.ts";
export type { Images, ImagesOptions } from "./idx/image-set.ts";
export { mnist } from "./idx/mnist.ts";
export { fashionMnist } from "./idx/fashion-mnist.ts";
export { type Clip, type Utterance, parseMosi } from "./mosi/parse.ts";
export { type Mosi, type MosiOptions, type MosiSet, mosi } from "./mosi/mosi.ts";
export { type PianoRoll, type PianoRolls, parsePianoRolls } from "./polymusic/parse.ts";
export {
  type PianoRollOptions,
  type Polymusic,
  type PolymusicOptions,
  type PolymusicSet,
  jsbChorales,
  nottingham,
  polymusic,
} from "./polymusic/polymusic.ts";
export { type UeaSeries, type UeaSet, parseUea } from "./uea/parse.ts";
export { type UeaExamples, type UeaExamplesOptions, ueaExamples } from "./uea/examples.ts";
export { type PickupGesture, type PickupGestureOptions, pickupGestureWiimoteZ } from "./uea/pickup-gesture.ts";
export {
  type PhysioNet2012,
  type PhysioNet2012Account,
  type PhysioNet2012Options,
  physionet2012,
} from "./physionet2012/physionet2012.ts";
export { type PhysioNet2012Dataset, type StayExamples, physionet2012Examples } from "./physionet2012/examples.ts";
export { type JapaneseVowels, type JapaneseVowelsOptions, japaneseVowels } from "./uea/japanese-vowels.ts";
export type { CharacterSet, Characters } from "./text/windows.ts";
export { type TinyShakespeareOptions, tinyShakespeare } from "./text/tiny-shakespeare.ts";
export { type FsddOptions, type SpokenDigits, type SpokenDigitSet, fsdd } from "./fsdd/fsdd.ts";

// Sounds and their features
export { type Sound, parseWav } from "./audio/wav.ts";
export { type MelScale } from "./audio/mel-scale.ts";
export { type MelOptions, melSpectrogram } from "./audio/mel-spectrogram.ts";
export { type LogMelOptions, logMel } from "./audio/log-mel.ts";
export { type MfccOptions, mfcc } from "./audio/mfcc.ts";

// Tables of survival data, read from the data folder
export {
  type NafldMeasurements,
  type NafldPeople,
  type PbcVisits,
  type SurvivalOptions,
  type Tables,
  nafld,
  pbcseq,
} from "./survival/survival.ts";

// Splits of one's own
export type { DrawnShares, RowValues, Shares, Split } from "./splits/parts.ts";
export { splitByGroup } from "./splits/split-by-group.ts";
export { stratifiedSplit } from "./splits/stratified-split.ts";
export { splitByTime } from "./splits/split-by-time.ts";
export { balancedClassWeights } from "./splits/balanced-class-weights.ts";
