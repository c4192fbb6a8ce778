import { seattleWeather } from "@sluice/data";
import { study } from "@sluice/study";
import { imputationMetrics } from "@sluice/trials";
import { claims } from "./claims.ts";
import { tasks } from "./tasks.ts";
import { weatherTrial, type Method } from "./trial.ts";
import { readYears, type Kind } from "./weather.ts";

const settings = {
  method: "brits" as Method,
  kind: "completely at random" as Kind,
  rate: 0.3,
  /** Days of a window. */
  days: 30,
  /** Units of each direction. */
  hidden: 32,
  batch: 8,
  /** At most; training ends after `patience` validations without a smaller error. */
  epochs: 300,
  patience: 10,
  learningRate: 5e-3,
  clip: 5,
  logEvery: 8,
  /** Steps between validations: 4 epochs. */
  validateEvery: 16,
};

const { validationImputationMae, imputationMae, imputationRmse, imputationMre } = imputationMetrics;
const digits = 3;

export default study({
  name: "imputation",
  title: "Filling in the weather of days that are missing",
  question:
    "Part of the weather of Seattle is hidden: single values or weeks of one variable, at random, where it rains, or where values are high. Do BRITS and M-RNN fill it in better than means, the last value and interpolation, and how does this depend on why and how much is missing?",
  settings,
  tasks,
  variants: {
    BRITS: { method: "brits" },
    Mean: { method: "mean" },
    "Last value": { method: "forward" },
    "Linear interpolation": { method: "linear" },
    "M-RNN": { method: "mRnn" },
  },
  seeds: 8,
  defaultBudget: "full",
  budgets: {
    quick: {
      seeds: 1,
      notes: "Scaled down: few epochs, and one seed.",
      epochs: 8,
    },
    full: {},
  },
  // The errors are the first columns; the rules have no training loss.
  metrics: {
    imputationMae: { ...imputationMae, digits },
    imputationRmse: { ...imputationRmse, digits },
    imputationMre: { ...imputationMre, digits },
    validationImputationMae: { ...validationImputationMae, digits },
  },
  claims,
  stepLabel: "optimizer step",
  notes:
    "Precipitation, highest and lowest temperature and wind of Seattle on 1,461 days (vega-datasets, from NOAA), in windows of 30 days: 2012 and 2013 for training, 2014 for validation, 2015 for testing. Values are in standard deviations of the training years, and so are MAE and RMSE; the MRE is a ratio. The rate is the share of the values that may be missing. “Completely at random” hides every value with the same probability; “at random” hides the other variables more often the more it rains; “not at random” hides high values more often; blocks are weeks of one variable. All parts are hidden in the same way, all methods fill in the same values, and errors are over these alone. Means, and the range of M-RNN, are those of the training values that are left. The weights with the least error of the hidden values of 2014 are tested. The same rate and size for both networks; nothing was tuned. Seeds change what is hidden and the initial weights, but not the days: the intervals say nothing about other years or places.",
  data: async () => (await seattleWeather({ time: 1 })).provenance.files,
  estimate: ({ method, epochs }) => ({ brits: 0.01, mRnn: 0.02, mean: 0, forward: 0, linear: 0 })[method] * epochs + 1,
  trial: async (context) => weatherTrial(context, await readYears(context.config.days)),
});
