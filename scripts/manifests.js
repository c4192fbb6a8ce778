// node scripts/manifests.js writes what every package.json has in common, from the root's and from here node
// scripts/manifests.js --check only names those that differ The repository's address is only in `repository` of the
// root's package.json; it is a placeholder until there is one. CITATION.cff, SECURITY.md and the issue templates
// contain no address.
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { root } from "./process.js";

const common = ["recurrent neural networks", "rnn", "gru", "lstm", "deep learning", "machine learning", "typescript"];

/** Keywords of single packages, in addition to the common ones. */
const keywords = {
  cells: ["sequence models", "zoneout", "recurrent dropout"],
  clip: ["gradient clipping"],
  create: ["reproducible research", "cli"],
  compiler: ["compiler", "automatic differentiation"],
  data: ["datasets", "time series"],
  exchange: ["safetensors", "pytorch", "keras"],
  figures: ["svg", "charts"],
  formats: ["safetensors"],
  fusion: ["multimodal learning"],
  gpu: ["gpu.js", "webgpu", "webgl"],
  inspect: ["interpretability"],
  irregular: ["irregular time series", "gru-d"],
  jobs: ["reproducible research"],
  lab: ["reproducible research", "cli"],
  norm: ["layer normalization", "batch normalization"],
  params: ["initialization", "regularization"],
  queue: ["reproducible research", "redis", "bullmq"],
  runner: ["reproducible research"],
  sluice: ["webassembly", "automatic differentiation"],
  study: ["reproducible research", "statistics"],
  tensor: ["tensor", "automatic differentiation"],
  train: ["optimizer", "adam", "training"],
  trials: ["reproducible research", "training"],
  wasm: ["webassembly", "simd"],
};

const read = (folder) => JSON.parse(readFileSync(join(root, folder, "package.json"), "utf8"));

/** The folders of the packages that are published. */
export const published = ["packages", "apps"].flatMap((group) =>
  readdirSync(join(root, group), { withFileTypes: true })
    .map(({ name }) => `${group}/${name}`)
    .filter((folder) => existsSync(join(root, folder, "package.json")) && read(folder).private !== true),
);

/** A package's manifest with the common fields added, and its keys in the usual order. */
export function completed(manifest, folder, { repository, license, author }) {
  const address = repository.url.replace(/^git\+|\.git$/g, "");
  const { name, version, description, files = [], scripts = {}, ...others } = manifest;
  for (const key of ["license", "author", "repository", "homepage", "bugs", "keywords"]) delete others[key];
  const inPlace = {
    ...manifest,
    files: [...new Set(["CHANGELOG.md", ...files])],
    // Builds before packing, so that no package is published without its build, even from a clone where nothing was
    // built.
    scripts: { ...scripts, prepack: "pnpm run build" },
  };
  return {
    name,
    version,
    description,
    license,
    author,
    homepage: `${address}/tree/main/${folder}#readme`,
    repository: { ...repository, directory: folder },
    bugs: { url: `${address}/issues` },
    keywords: [...common, ...(keywords[folder.split("/").at(-1)] ?? [])],
    ...Object.fromEntries(
      Object.keys(inPlace).flatMap((key) =>
        key in others || key === "files" || key === "scripts" ? [[key, inPlace[key]]] : [],
      ),
    ),
  };
}

/** The folders whose manifest is not complete; `write` completes them. */
export function incomplete({ write = false } = {}) {
  const shared = read(".");
  return published.filter((folder) => {
    const wanted = `${JSON.stringify(completed(read(folder), folder, shared), null, 2)}\n`;
    const file = join(root, folder, "package.json");
    // The order of keys only matters to readers, so it is written but not checked.
    const differs = JSON.stringify(sorted(JSON.parse(wanted))) !== JSON.stringify(sorted(read(folder)));
    if (differs && write) writeFileSync(file, wanted);
    return differs;
  });
}

function sorted(value) {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(
    Object.keys(value)
      .toSorted()
      .map((key) => [key, sorted(value[key])]),
  );
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const check = process.argv.includes("--check");
  const folders = incomplete({ write: !check });
  for (const folder of folders)
    console.log(check ? `${folder}/package.json: run pnpm manifests, and commit what it writes` : `wrote ${folder}`);
  if (check && folders.length > 0) process.exitCode = 1;
}
