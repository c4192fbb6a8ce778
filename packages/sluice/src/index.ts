// Tensors, primitives, programs and gradients
export * from "@sluice/tensor";

// Parameters, initializers, regularizers
export * from "@sluice/params";

// Cells, modifiers and layers
export * from "@sluice/cells";

// Normalizers, and gradient transforms that clip
export * from "@sluice/norm";
export * from "@sluice/clip";

// Sequences of unequal length, elapsed times
export * from "@sluice/irregular";

// Several modalities
export * from "@sluice/fusion";

// Training
export * from "@sluice/train";

export * from "@sluice/trials";

// Studies, and the most common ones as one object each
export * from "@sluice/jobs";
export * from "@sluice/study";

// Data sets and tasks
export * from "@sluice/data";

// Looking inside a trained network, and figures
export * from "@sluice/inspect";
export * from "@sluice/inspect/figures";
export * from "@sluice/figures";

// Weights of other libraries, files and hashes
export * from "@sluice/exchange";
export * from "@sluice/formats";

// Backends
export * from "@sluice/wasm";
export * from "@sluice/gpu";

// Passes and plans, for those who write backends
export * from "@sluice/compiler";
