// What every data set must pass, ours and a third party's
export {
  type DatasetLaw,
  type DescribedTensor,
  type DatasetLawName,
  type DatasetSuiteOptions,
  datasetSuite,
} from "./dataset-suite.ts";
