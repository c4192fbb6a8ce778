import { tensor, TensorError, type Tensor } from "@sluice/tensor";
import { checkOptions, nth } from "@sluice/tensor/internal";
import { checkChoice, checkCount } from "../check.ts";
import type { Dataset } from "../dataset.ts";
import { cited, seattleWeather as facts } from "../facts.ts";
import { readBesideMain, readChecked, type Read } from "../files.ts";

/** Examples of {@link seattleWeather}. */
export type SeattleWeather = {
  /** The four variables of `time` days, standardized, f32 `[examples, time, 4]`. */
  readonly x: Tensor;
  /**
   * What is asked of a later day: the highest temperature, standardized, f32 `[examples, 1]`, or the weather, i32
   * `[examples]`.
   */
  readonly y: Tensor;
};

/** A measurement of each day. Its standardized values are `(value - mean) / deviation`. */
export interface WeatherVariable {
  readonly name: string;
  readonly unit: string;
  /** Mean and standard deviation over the days of 2012 and 2013. */
  readonly mean: number;
  readonly deviation: number;
}

/** The data set of {@link seattleWeather}, with its variables. */
export interface SeattleWeatherSet extends Dataset<SeattleWeather> {
  /** The features of `x`, in their order. Plain data: save it with the model. */
  readonly variables: readonly WeatherVariable[];
}

/** Options of {@link seattleWeather}. */
export interface SeattleWeatherOptions {
  /** Days that are given. Default 30. */
  readonly time?: number;
  /** How many days after the last of them the day lies that is asked for. Default 1. */
  readonly ahead?: number;
  /** What is asked: the highest `temperature` of that day (default), or its `weather`, one of five. */
  readonly target?: "temperature" | "weather";
  /**
   * Reads a file of the package vega-datasets, such as `data/seattle-weather.csv`. Default: from the installed package,
   * in Node. In a browser, pass a function that fetches it.
   */
  readonly read?: Read;
}

const version = "3.2.1";
const obtain = `Install the package with npm install vega-datasets@${version}; in a browser, pass a function that fetches its files: seattleWeather({ read }).`;
const path = "data/seattle-weather.csv";
const sum = "0845078a290b48e3149ab8639966824110a251db4e06fc144c06ebb534af23be";
const measured = [
  { name: "precipitation", unit: "mm" },
  { name: "temp_max", unit: "degrees Celsius" },
  { name: "temp_min", unit: "degrees Celsius" },
  { name: "wind", unit: "km/h" },
];
const features = measured.length;
const temperature = 1;
const classes = ["drizzle", "fog", "rain", "snow", "sun"];
/** The first day of 2014 and of 2015, counted from the first of 2012. */
const [days, validationDay, testDay] = [1461, 731, 1096];

/**
 * The weather of Seattle on each of the 1,461 days of 2012 to 2015, from the npm package `vega-datasets`. Given
 * precipitation, highest and lowest temperature and wind of `time` days, forecast the highest temperature or the weather
 * of a later day. The day that is asked for decides the split: 2012 and 2013 are for training, 2014 for validation, 2015
 * for testing. The days before it may reach into the year before.
 *
 * Multiply an error of a standardized temperature by `variables[1].deviation` to have it in degrees. Throws a
 * {@link DataError} if the file of the package is missing or damaged, and a TensorError if a window is longer than the
 * training years.
 */
export async function seattleWeather(options: SeattleWeatherOptions = {}): Promise<SeattleWeatherSet> {
  checkOptions("seattleWeather", options, ["time", "ahead", "target", "read"], { days: "time", horizon: "ahead" });
  const time = checkCount("seattleWeather", "time", options.time ?? 30);
  const ahead = checkCount("seattleWeather", "ahead", options.ahead ?? 1);
  const { target = "temperature", read = (file: string) => readBesideMain("vega-datasets", `../${file}`) } = options;
  checkChoice("seattleWeather", "target", target, ["temperature", "weather"]);
  const before = time + ahead - 1;
  if (before >= validationDay)
    throw new TensorError(
      `seattleWeather: ${time} days and ${ahead} ahead leave none of the ${validationDay} days of 2012 and 2013 to train on`,
    );
  const bytes = await readChecked("seattleWeather", `vega-datasets/${path}`, sum, obtain, () => read(path));
  const { values, weather } = parse(new TextDecoder().decode(bytes));
  const variables = measured.map((variable, column) => ({ ...variable, ...standardOf(values, column) }));
  const scaled = values.map((value, i) => {
    const { mean, deviation } = nth(variables, i % features);
    return (value - mean) / deviation;
  });
  const examples = (first: number, end: number): SeattleWeather => {
    const asked = Array.from({ length: end - first }, (_, i) => first + i);
    const x = asked.flatMap((day) => [...scaled.subarray((day - before) * features, (day - ahead + 1) * features)]);
    const y =
      target === "weather"
        ? tensor(Int32Array.from(asked, (day) => nth(weather, day)))
        : tensor(
            Float32Array.from(asked, (day) => nth(scaled, day * features + temperature)),
            [asked.length, 1],
          );
    return { x: tensor(Float32Array.from(x), [asked.length, time, features]), y };
  };
  return {
    name: `seattle weather, ${target} ${ahead} ahead of ${time} days`,
    train: examples(before, validationDay),
    validation: examples(validationDay, testDay),
    test: examples(testDay, days),
    provenance: {
      source: `npm package vega-datasets ${version}: ${path}, from the records of NOAA`,
      ...cited(facts),
      files: { [`vega-datasets@${version}/${path}`]: sum },
      split: `by the day that is asked for: 2012 and 2013 for training, 2014 for validation, 2015 for testing; standardized by the days of 2012 and 2013`,
      caution:
        "The package's authors made the weather of a day from several fields of the records. Report an error beside that of repeating the last day's value. The unit of the wind is the package's word.",
    },
    ...(target === "weather" ? { classes } : {}),
    variables,
  };
}

/** The days of the file: the values, `[days, 4]`, and the class of the weather. Its form is known, as its SHA-256 is. */
function parse(text: string): { readonly values: Float64Array; readonly weather: Int32Array } {
  const rows = text.trim().split("\n").slice(1);
  const fields = rows.map((row) => row.trim().split(","));
  return {
    values: Float64Array.from(fields.flatMap((day) => day.slice(1, 1 + features).map(Number))),
    weather: Int32Array.from(fields, (day) => classes.indexOf(day[1 + features] ?? "")),
  };
}

/** Mean and standard deviation of a variable over the training days. */
function standardOf(values: Float64Array, column: number): Pick<WeatherVariable, "mean" | "deviation"> {
  const own = values.filter((_, i) => i < validationDay * features && i % features === column);
  const mean = own.reduce((total, value) => total + value, 0) / own.length;
  const squares = own.reduce((total, value) => total + (value - mean) * (value - mean), 0);
  return { mean, deviation: Math.sqrt(squares / own.length) };
}
