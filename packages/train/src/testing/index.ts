export {
  type SmallGruData,
  type SmallGruParams,
  type SmallGruResult,
  type SmallGruRun,
  smallGru,
  smallGruHash,
  trainSmallGru,
} from "./small-gru.ts";
