import { existsSync, readFileSync, realpathSync } from "node:fs";
import { isBuiltin } from "node:module";
import { dirname, extname, join, relative } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { messageOf, studyError, systemCode } from "@sluice/study";
import type { BuildResult, Loader, Metafile, Plugin } from "esbuild";
import { trialArguments } from "../child/node-arguments.ts";
import { checkoutRoot } from "../code/root.ts";
import { importConditions } from "../code/resolve.ts";

const source = import.meta.url.endsWith(".ts");
const pageModule = fileURLToPath(new URL(source ? "./page.ts" : "./page.js", import.meta.url));

/** The name of the script that starts the others, in messages of the bundler. */
const START = "start-of-page.js";

/**
 * The script of a page that runs trials of a study: its module and everything that it imports, as one text.
 *
 * @throws an error if the bundler is not installed, if something is not found, or if an import needs Node; it names the
 *   files that lead there.
 */
export async function bundleStudy(module: string): Promise<string> {
  const { build } = await bundler();
  const own = importConditions(trialArguments(), process.env["NODE_OPTIONS"]).slice(importConditions([]).length);
  const entry = realpathSync(module);
  let built: BuildResult<{ write: false; metafile: true }>;
  try {
    built = await build({
      stdin: {
        contents: `import { runInPage } from ${JSON.stringify(pageModule)};\nvoid runInPage(() => import(${JSON.stringify(entry)}));\n`,
        resolveDir: dirname(entry),
        sourcefile: START,
      },
      absWorkingDir: dirname(entry),
      bundle: true,
      write: false,
      metafile: true,
      platform: "browser",
      format: "esm",
      target: "esnext",
      conditions: own,
      // As Node strips types: whatever the project's own settings say.
      tsconfigRaw: { compilerOptions: { verbatimModuleSyntax: true, useDefineForClassFields: true } },
      keepNames: true,
      logLevel: "silent",
      plugins: [nodeModules, moduleAddresses],
    });
  } catch (error) {
    throw studyError(`${module} cannot be bundled for a page: ${messageOf(error)}`, error);
  }
  const inTheWay = importsOfNode(built.metafile, relative(dirname(entry), entry));
  if (inTheWay.length > 0)
    throw studyError(
      `${module} cannot run in a page, which has no modules of Node: ${inTheWay.join("; ")}. ` +
        "Read data with a data set of @sluice/data or a file of the study's records, which the page gets from here",
    );
  return built.outputFiles.map(({ text }) => text).join("\n");
}

async function bundler(): Promise<typeof import("esbuild")> {
  try {
    return await import("esbuild");
  } catch (error) {
    if (systemCode(error) !== "ERR_MODULE_NOT_FOUND") throw error;
    throw studyError("trials in a browser need the bundler esbuild, which is not installed: npm install esbuild");
  }
}

/** Node's modules are left as they are; an import of which nothing is used is dropped. */
const nodeModules: Plugin = {
  name: "node",
  setup(build) {
    build.onResolve({ filter: /.*/ }, ({ path }) =>
      isBuiltin(path) ? { path, external: true, sideEffects: false } : undefined,
    );
  },
};

/** In a bundle `import.meta.url` would be that of the bundle. Files beside a module are found by the module's own. */
const moduleAddresses: Plugin = {
  name: "addresses",
  setup(build) {
    build.onLoad({ filter: /\.[cm]?[jt]s$/ }, ({ path }) => {
      const text = readFileSync(path, "utf8");
      if (!text.includes("import.meta.url")) return undefined;
      const address = `const sluiceModuleAddress = ${JSON.stringify(pathToFileURL(path).href)}; `;
      const contents = address + text.replaceAll(/\bimport\.meta\.url\b/g, "sluiceModuleAddress");
      const loader: Loader = /ts$/.test(extname(path)) ? "ts" : "js";
      return { contents, loader };
    });
  },
};

/** "study.ts → read.ts imports node:fs", for each module of Node that the page would need. */
function importsOfNode({ inputs, outputs }: Metafile, entry: string): readonly string[] {
  const used = Object.values(outputs);
  const needed = new Set(
    used.flatMap(({ imports }) => imports.filter(isAtOnce).flatMap(({ path }) => (isBuiltin(path) ? [path] : []))),
  );
  if (needed.size === 0) return [];
  const present = (path: string): boolean => used.some((output) => (output.inputs[path]?.bytesInOutput ?? 0) > 0);
  const ways = new Map([[entry, entry]]);
  const found: string[] = [];
  for (const [path, way] of ways)
    for (const each of inputs[path]?.imports ?? []) {
      if (needed.has(each.path) && isAtOnce(each) && present(path)) found.push(`${way} imports ${each.path}`);
      if (each.external !== true && !ways.has(each.path)) ways.set(each.path, `${way} → ${shortened(each.path)}`);
    }
  return found.length > 0 ? found : [`it imports ${[...needed].join(", ")}`];
}

/** What is imported only when the program gets there may never be needed. */
const isAtOnce = ({ kind }: { readonly kind: string }): boolean =>
  kind === "import-statement" || kind === "require-call";

/** The name of a package's file, without where packages are. */
const shortened = (path: string): string => path.split("node_modules/").at(-1) ?? path;

/** The folders from which a page of a study may read: data, the study's checkout or project, and packages. */
export function readableFolders(
  module: string,
  dataFolders: readonly (string | null | undefined)[],
): readonly string[] {
  const known = dataFolders.filter((folder) => folder !== null && folder !== undefined && existsSync(folder));
  return [...known.map((folder) => realpathSync(folder ?? "")), projectAround(realpathSync(module))];
}

/** The checkout around a module, or else its project: the nearest folder with a package.json. */
function projectAround(module: string): string {
  const checkout = checkoutRoot(dirname(module));
  if (checkout !== undefined) return checkout;
  for (let folder = dirname(module); folder !== dirname(folder); folder = dirname(folder))
    if (existsSync(join(folder, "package.json"))) return folder;
  return dirname(module);
}
