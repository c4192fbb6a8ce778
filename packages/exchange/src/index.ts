// Weights from and to other libraries
export { fromPyTorch, toPyTorch } from "./pytorch.ts";
export { fromKeras, toKeras } from "./keras.ts";

// Layouts, for your own cells
export type { CellLayout, ExchangedCell, ExchangeOptions, GateOrder, WeightLayout } from "./layout.ts";
