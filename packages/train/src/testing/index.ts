export { type SmallGruData, type SmallGruParams, type SmallGruResult, smallGru, smallGruHash } from "./small-gru.ts";
