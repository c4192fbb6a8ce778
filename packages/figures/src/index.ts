// Figures of plain data, as SVG
export { lineFigure, type LineData, type LineEstimates, type LineOptions } from "./line-figure.ts";
export { heatMapFigure, type HeatMapAxis, type HeatMapData, type HeatMapOptions } from "./heat-map.ts";
export {
  scatterFigure,
  type Guide,
  type Points,
  type ScatterData,
  type ScatterOptions,
  type Trajectory,
} from "./scatter-figure.ts";
export { barFigure, type BarData, type BarOptions } from "./bar-figure.ts";
export { rankFigure, type RankData, type RankOptions } from "./rank-figure.ts";
export { figureGrid, type GridOptions } from "./figure-grid.ts";

// What they have in common
export type { Axis, FigureOptions } from "./options.ts";
export type { Estimates } from "./estimates.ts";
export type { Theme } from "./style.ts";
export { formatNumber } from "./numbers.ts";
