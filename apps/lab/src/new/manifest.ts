import type { ProjectName } from "./project-name.ts";
import type { Language } from "./templates.ts";

/** The package.json and tsconfig.json of a new project. `version` is that of the packages. */
export interface ManifestOptions {
  readonly version: string;
  readonly language: Language;
  /** Packages that its types refer to, if it is a package for others; they share one copy with their users. */
  readonly peers?: readonly string[];
  /** All other packages that its code imports. */
  readonly packages: readonly string[];
}

/** Of a project that is not published. */
export function privateManifest(
  { package: name }: ProjectName,
  { version, language, packages }: ManifestOptions,
): string {
  return json({
    name,
    private: true,
    type: "module",
    engines: engines[language],
    scripts: { start: "sluice run", test: "node --test", ...(language === "typescript" && { types: "tsc" }) },
    dependencies: versioned(packages, version),
    ...(language === "typescript" && { devDependencies: TOOLS }),
  });
}

/** Of a package that others install. In TypeScript it is compiled before it is packed; JavaScript is used as it is. */
export function publishedManifest(
  { package: name }: ProjectName,
  { version, language, packages, peers = [] }: ManifestOptions,
): string {
  const isCompiled = language === "typescript";
  const main = isCompiled ? { types: "./dist/index.d.ts", default: "./dist/index.js" } : "./src/index.js";
  const building = { types: "tsc", build: "tsc -p tsconfig.build.json", prepack: "npm run build" };
  return json({
    name,
    version: "0.1.0",
    type: "module",
    sideEffects: false,
    engines: engines[language],
    exports: { ".": main, "./package.json": "./package.json" },
    files: isCompiled ? ["dist", "src/index.ts"] : ["src/index.js"],
    scripts: { start: "sluice run", test: "node --test", ...(isCompiled && building) },
    peerDependencies: versioned(peers, version),
    devDependencies: Object.fromEntries(
      Object.entries({ ...versioned([...peers, ...packages], version), ...(isCompiled && TOOLS) }).toSorted(
        ([a], [b]) => (a < b ? -1 : 1),
      ),
    ),
  });
}

/** The oldest Node that runs TypeScript, and the oldest that the packages promise. */
const engines = { typescript: { node: ">=22.18" }, javascript: { node: ">=22.12" } };

/** Such as 22.18. */
export const oldestNode = (language: Language): string => engines[language].node.slice(2);

const TOOLS = { "@types/node": "^24.0.0", typescript: ">=5.9 <7" };

const versioned = (packages: readonly string[], version: string): { readonly [name: string]: string } =>
  Object.fromEntries([...packages].sort().map((name) => [name, `^${version}`]));

/** Checks all files, and writes nothing. Node runs the files as they are, so types must be erasable. */
export const tsconfig = json({
  compilerOptions: {
    strict: true,
    noEmit: true,
    target: "ES2024",
    lib: ["ES2024"],
    module: "NodeNext",
    types: ["node"],
    erasableSyntaxOnly: true,
    verbatimModuleSyntax: true,
    allowImportingTsExtensions: true,
    rewriteRelativeImportExtensions: true,
    skipLibCheck: true,
  },
  include: ["**/*.ts"],
  exclude: ["dist", "node_modules", "runs"],
});

/** Writes `dist`. */
export const buildTsconfig = json({
  extends: "./tsconfig.json",
  compilerOptions: {
    noEmit: false,
    allowImportingTsExtensions: false,
    declaration: true,
    outDir: "dist",
    rootDir: "src",
  },
  include: ["src/index.ts"],
});

function json(content: object): string {
  return `${JSON.stringify(content, null, 2)}\n`;
}
