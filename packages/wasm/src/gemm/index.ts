export { emitGemmStreamed, STREAMED_COLUMNS, streamedScratchBytes } from "./streamed.ts";
export { emitGemm, gemmScratchBytes } from "./gemm.ts";
export { emitPack, packedBytes, panelCount, PANEL_COLUMNS } from "./panel.ts";
export { emitGemmTransposedA, transposedAScratchBytes } from "./transposed-a/product.ts";
export { DEFAULT_TILE, tileHeights, type TileSize, fastestTiles } from "./tile.ts";
