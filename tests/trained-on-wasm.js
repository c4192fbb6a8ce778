/** The hash of the weights that `trainSmallGru` of `@sluice/train/testing` reaches on `wasm()`, everywhere. */
export const trainedOnWasm = "5494c0e37546f281946e7d0e7a0f73a0cd6b2c90b1ff19e90bf43b77f01e8e94";
