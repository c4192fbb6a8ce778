export { laneResult, laneStart, laneStep, laneTail, type Reduction } from "./lanes.ts";
export { emitReduceColumns, emitReduceRows } from "./rows.ts";
