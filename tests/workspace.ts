import { readFileSync, readdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { examples } from "../house.js";

export const root = dirname(dirname(fileURLToPath(import.meta.url)));

export interface Manifest {
  readonly name: string;
  readonly version: string;
  readonly private?: boolean;
  readonly license?: string;
  readonly type?: string;
  readonly sideEffects?: boolean;
  readonly engines?: Readonly<Record<string, string>>;
  readonly exports?: unknown;
  readonly packageManager?: string;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly peerDependencies?: Readonly<Record<string, string>>;
  readonly devDependencies?: Readonly<Record<string, string>>;
}

/** A path below the root, read as JSON. The caller says what it holds; the tests fail where it does not. */
export function readJson<T>(...path: string[]): T {
  return JSON.parse(readFileSync(join(root, ...path), "utf8")) as T;
}

/** The names of the folders in packages/, each a published package. */
export const packageNames = readdirSync(join(root, "packages"), { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .map((entry) => entry.name)
  .sort();

/** The packages whose names have no scope. */
const unscoped: { readonly [name: string]: string } = { sluice: "sluice", create: "create-sluice" };

/** What npm calls the package of a member. */
export const npmName = (name: string): string => unscoped[name] ?? `@sluice/${name}`;

/** Every workspace member that house.js lists, with its name there and its folder. */
export const members = [
  ...packageNames.map((name) => ({ name, folder: `packages/${name}` })),
  { name: "lab", folder: "apps/lab" },
  { name: "create", folder: "apps/create" },
  { name: "experiments", folder: "experiments" },
  { name: "bench", folder: "bench" },
  { name: "browsers", folder: "tools/browsers" },
  ...examples.map((name) => ({ name, folder: `examples/${name}` })),
];

/** The @sluice packages among the dependencies, without the scope. */
export function internal(dependencies: Readonly<Record<string, string>> = {}): string[] {
  return Object.keys(dependencies)
    .filter((name) => name.startsWith("@sluice/"))
    .map((name) => name.slice("@sluice/".length));
}
