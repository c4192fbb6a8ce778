// Whole trials
export {
  classificationMetrics,
  classificationTrial,
  type ClassificationTask,
  type Labelled,
  type TrainingSettings,
} from "./classification.ts";
export { sequenceClassifier, type Classifier, type LogitsOptions } from "./classifier.ts";

// Looking at what is trained
export { gradientFlowOf, horizonMetric, type FlowOptions } from "./gradient-flow.ts";

// Parts for a trial of your own
export { trialBackend } from "./backend.ts";
export { divergesAs } from "./diverged.ts";
export { firstRows } from "./examples.ts";
