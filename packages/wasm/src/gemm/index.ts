export { emitGemm, type GemmShape, type Start } from "./gemm.ts";
export { emitPack, packedBytes, panelCount, PANEL_COLUMNS, type PackShape } from "./panel.ts";
export { emitGemmTransposedA, transposedAScratchBytes, type TransposedAShape } from "./transposed-a.ts";
export { DEFAULT_TILE, type TileSize, UNPAIRED_TILE } from "./tile.ts";
