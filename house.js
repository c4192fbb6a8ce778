/**
 * The house: layers from the ground up. An import may only point down, to a lower layer. The lint rules are generated from this table, and a test holds the package.json files to it.
 */
export const layers = [
  ["tensor"],
  ["compiler"],
  ["wasm", "gpu"],
  ["params", "formats"],
  ["norm", "clip"],
  ["cells"],
  ["inspect", "fusion", "irregular"],
  ["data", "train"],
  ["exchange"],
  ["study"],
  ["lab"],
  ["browsers"],
  ["experiments", "bench"],
  ["browser"],
];

/** What only some packages may import, and which. */
export const reserved = [
  {
    modules: ["node:fs", "node:fs/promises", "fs", "fs/promises"],
    packages: ["data", "study", "lab", "experiments", "bench", "browsers"],
    why: "Only study, the lab, the bench, the tools and the loaders of data touch the file system.",
  },
  { modules: ["gpu.js"], packages: ["gpu"], why: "Only @sluice/gpu depends on gpu.js." },
];

/** The folder of a package, from the root of the repository. */
export function folderOf(name) {
  const elsewhere = {
    experiments: "experiments",
    bench: "bench",
    browsers: "tools/browsers",
    lab: "apps/lab",
    browser: "examples/browser",
  };
  return elsewhere[name] ?? `packages/${name}`;
}

export function mayImport(from, to) {
  const layerOf = (name) => layers.findIndex((layer) => layer.includes(name));
  return from === to || layerOf(to) < layerOf(from);
}
