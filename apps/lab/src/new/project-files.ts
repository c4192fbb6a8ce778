import { cellCode, cellStudy, cellTest, pluginCode, pluginStudy, pluginTest } from "./code.ts";
import { buildTsconfig, privateManifest, publishedManifest, tsconfig } from "./manifest.ts";
import type { ProjectName } from "./project-name.ts";

/** What a project can be: a study of one's own, or a package with a cell or a gradient transform for others. */
export const PROJECT_KINDS = ["study", "cell", "plugin"] as const;
export type ProjectKind = (typeof PROJECT_KINDS)[number];

/** The files of a project, by path. */
export type ProjectFiles = Readonly<Record<string, string>>;

const RUNNING = ["data", "lab", "study", "train", "trials", "wasm"];

/** The files of a new project that uses the packages of this version. */
export function projectFiles(kind: ProjectKind, name: ProjectName, version: string): ProjectFiles {
  const scoped = (names: readonly string[]): readonly string[] => names.map((one) => `@sluice/${one}`);
  const common = { "tsconfig.json": tsconfig, ".gitignore": "node_modules/\ndist/\nruns/\n*.tgz\n" };
  if (kind === "study")
    return {
      "package.json": privateManifest(name, { version, packages: scoped(["cells", "params", "tensor", ...RUNNING]) }),
      "README.md": readme(name, "A study of a cell of one's own against a GRU. The cell is in `cell.ts`."),
      "cell.ts": cellCode(name),
      "cell.test.ts": cellTest(name, "./cell.ts"),
      "study.ts": cellStudy(name, "./cell.ts"),
      ...common,
    };
  const [peers, packages] =
    kind === "cell"
      ? [["cells", "params", "tensor"], RUNNING]
      : [
          ["clip", "tensor"],
          ["cells", ...RUNNING],
        ];
  return {
    "package.json": publishedManifest(name, { version, peers: scoped(peers), packages: scoped(packages) }),
    "README.md": readme(
      name,
      `A ${kind === "cell" ? "cell" : "gradient transform"} for [Sluice](https://www.npmjs.com/package/sluice), in \`src/index.ts\`.`,
    ),
    "src/index.ts": kind === "cell" ? cellCode(name) : pluginCode(name),
    "src/index.test.ts": kind === "cell" ? cellTest(name, "./index.ts") : pluginTest(name, "./index.ts"),
    "study.ts": kind === "cell" ? cellStudy(name, "./src/index.ts") : pluginStudy(name, "./src/index.ts"),
    "tsconfig.build.json": buildTsconfig,
    ...common,
  };
}

const readme = ({ package: name }: ProjectName, what: string): string => `# ${name}

${what}

\`npm install\`, then \`npx sluice run\` runs the study and writes its report, and \`npm test\` checks the code.
`;
