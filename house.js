/** The folders of `examples/`, each a workspace member. */
export const examples = ["audio-visual-digits", "browser", "inside", "mosi-missing", "own-csv", "physionet-mortality"];

/**
 * The house: layers from the ground up. An import may only point down, to a lower layer. The lint rules are generated
 * from this table, and a test holds the package.json files to it.
 */
export const layers = [
  ["tensor"],
  ["compiler"],
  ["wasm", "gpu"],
  ["params", "formats", "figures"],
  ["norm", "clip"],
  ["cells"],
  ["inspect", "fusion", "irregular"],
  ["data", "train"],
  ["exchange"],
  ["study"],
  ["runner", "trials"],
  ["jobs", "queue"],
  ["sluice"],
  ["lab"],
  ["create"],
  ["browsers"],
  ["experiments", "bench"],
  examples,
];

/** What only some packages may import, and which. */
export const reserved = [
  {
    modules: ["node:fs", "node:fs/promises", "fs", "fs/promises"],
    packages: ["data", "runner", "queue", "jobs", "lab", "experiments", "bench", "browsers", "inside", "own-csv"],
    why: "Only runner, the scratch folders of queue, the lab, the bench, the tools, the loaders of data, the records of jobs and the examples that write files touch the file system.",
  },
  { modules: ["gpu.js"], packages: ["gpu"], why: "Only @sluice/gpu depends on gpu.js." },
];

/**
 * Folders inside packages, each with the folders of its package that its files may not import. The tests in them may.
 */
export const folders = [
  { of: "tensor/src/scalar", not: ["primitives", "program", "scan", "gradient", "backend", "functions", "random"] },
  { of: "compiler/src/program", not: ["facts", "ragged", "plan", "passes"] },
  { of: "compiler/src/facts", not: ["ragged", "plan", "passes"] },
  { of: "compiler/src/ragged", not: ["plan", "passes"] },
  { of: "compiler/src/plan", not: ["passes"] },
  { of: "compiler/src/passes", not: ["ragged"] },
  { of: "train/src/schedules", not: ["step", "loop", "checkpoint", "optimizers", "losses", "metrics"] },
  { of: "train/src/losses", not: ["step", "loop", "checkpoint", "optimizers", "schedules", "metrics"] },
  { of: "train/src/metrics", not: ["step", "loop", "checkpoint", "optimizers", "schedules"] },
  { of: "train/src/optimizers", not: ["step", "loop", "checkpoint", "losses", "metrics"] },
  { of: "cells/src/options", not: ["cell", "modifiers", "definition", "layers", ...families("cells")] },
  { of: "cells/src/cell", not: ["modifiers", "definition", "layers", ...families("cells")] },
  { of: "cells/src/modifiers", not: ["definition", "layers", ...families("cells")] },
  { of: "cells/src/definition", not: ["layers", ...families("cells")] },
  { of: "cells/src/layers", not: ["definition", ...families("cells")] },
  ...families("cells").map((family, i, all) => ({ of: `cells/src/${family}`, not: ["layers", ...all.slice(i + 1)] })),
];

/** The families of cells: folders of `cells/src`. A family may import those before it: many cells extend a gated one. */
export function families(name) {
  return name === "cells" ? ["gated", "orthogonal", "linear", "memory", "paced", "time"] : [];
}

/** The folder of a package, from the root of the repository. */
export function folderOf(name) {
  const elsewhere = {
    experiments: "experiments",
    bench: "bench",
    browsers: "tools/browsers",
    lab: "apps/lab",
    create: "apps/create",
  };
  if (examples.includes(name)) return `examples/${name}`;
  return elsewhere[name] ?? `packages/${name}`;
}

export function mayImport(from, to) {
  const layerOf = (name) => layers.findIndex((layer) => layer.includes(name));
  return from === to || layerOf(to) < layerOf(from);
}
