import { buildTsconfig, oldestNode, privateManifest, publishedManifest, tsconfig } from "./manifest.ts";
import type { ProjectName } from "./project-name.ts";
import { codeTemplate, endingOf, templateText, type Language } from "./templates.ts";

/** What a project can be: a study of your own, or a package with a cell or a gradient transform for others. */
export const PROJECT_KINDS = ["study", "compare", "records", "modalities", "cell", "plugin"] as const;
export type ProjectKind = (typeof PROJECT_KINDS)[number];

/** The kinds that are packages; the others are studies. */
type PackageKind = "cell" | "plugin";

/** What each kind is, for those who choose. */
export const kindTexts: { readonly [kind in ProjectKind]: string } = {
  study: "a study of a cell of your own against a GRU",
  compare: "a study of a cell of your own against others with as many parameters",
  records: "a study that predicts an outcome from a table of records",
  modalities: "a study that fuses several modalities",
  cell: "a package with a cell for others",
  plugin: "a package with a gradient transform for others",
};

/** What is made. */
export interface ProjectChoice {
  readonly kind: ProjectKind;
  readonly language: Language;
}

/** The files of a project, by path. */
export type ProjectFiles = Readonly<Record<string, string>>;

/** The files of a new project that uses the packages of this version. */
export function projectFiles({ kind, language }: ProjectChoice, name: ProjectName, version: string): ProjectFiles {
  const options = { language, name, version };
  return {
    ...(kind === "cell" || kind === "plugin" ? packageFiles(kind, options) : studyFiles(kind, options)),
    ...(language === "typescript" && { "tsconfig.json": tsconfig }),
    ".gitignore": "node_modules/\ndist/\nruns/\n*.tgz\n",
  };
}

interface FileOptions {
  readonly language: Language;
  readonly name: ProjectName;
  readonly version: string;
}

const scoped = (...names: readonly string[]): readonly string[] => names.map((one) => `@sluice/${one}`);

/** What each study is made of: the packages that its code imports, and what its README says. */
const studies = {
  study: {
    packages: scoped("cells", "data", "lab", "params", "study", "tensor", "train", "trials", "wasm"),
    what: "A study of a cell of your own against a GRU. The cell is in",
  },
  compare: {
    packages: scoped("cells", "data", "jobs", "lab", "params", "tensor", "wasm"),
    what: "A study of a cell of your own against others with as many parameters. The cell is in",
  },
  records: {
    packages: scoped("cells", "jobs", "lab"),
    what: "A study that predicts an outcome from a table of records. The table is in",
  },
  modalities: {
    packages: scoped("cells", "data", "fusion", "jobs", "lab"),
    what: "A study that fuses two modalities, and tests what each subset of them predicts. It is in",
  },
};

function studyFiles(kind: Exclude<ProjectKind, PackageKind>, { language, name, version }: FileOptions): ProjectFiles {
  const { packages, what } = studies[kind];
  const ending = endingOf(language);
  const code = (template: string): string => codeTemplate(template, { name, language });
  const hasCell = kind === "study" || kind === "compare";
  const main = hasCell ? `cell.${ending}` : kind === "records" ? "records.csv" : `study.${ending}`;
  return {
    "package.json": privateManifest(name, { version, language, packages }),
    "README.md": readme(name, { what: `${what} \`${main}\`.`, hasTests: hasCell, language }),
    ...(hasCell && { [`cell.${ending}`]: code("cell"), [`cell.test.${ending}`]: code("cell.test") }),
    ...(kind === "records" && { "records.csv": templateText("records.csv", name) }),
    [`study.${ending}`]: code(kind === "study" ? "cell-study" : kind),
  };
}

/** By kind of package: the packages that its types refer to, and those that its tests and its study import as well. */
const parts = {
  cell: {
    peers: scoped("cells", "params", "tensor"),
    packages: scoped("data", "lab", "study", "train", "trials", "wasm"),
    what: "A cell",
  },
  plugin: {
    peers: scoped("clip", "tensor"),
    packages: scoped("cells", "data", "lab", "study", "train", "trials", "wasm"),
    what: "A gradient transform",
  },
};

function packageFiles(kind: PackageKind, { language, name, version }: FileOptions): ProjectFiles {
  const { peers, packages, what } = parts[kind];
  const ending = endingOf(language);
  const code = (template: string, main = ""): string =>
    codeTemplate(template, { name, language, imports: { [`./${kind}`]: main } });
  return {
    "package.json": publishedManifest(name, { version, language, peers, packages }),
    "README.md": readme(name, {
      what: `${what} for [Sluice](https://www.npmjs.com/package/sluice), in \`src/index.${ending}\`.`,
      hasTests: true,
      language,
    }),
    [`src/index.${ending}`]: code(kind),
    [`src/index.test.${ending}`]: code(`${kind}.test`, "./index"),
    [`study.${ending}`]: code(`${kind}-study`, "./src/index"),
    ...(language === "typescript" && { "tsconfig.build.json": buildTsconfig }),
  };
}

interface ReadmeOptions {
  readonly what: string;
  readonly hasTests: boolean;
  readonly language: Language;
}

function readme({ package: name }: ProjectName, { what, hasTests, language }: ReadmeOptions): string {
  const commands = [
    "`npx sluice run` runs the study and writes its report",
    "`npx sluice sweep` tunes it first",
    ...(hasTests ? ["`npm test` checks the code"] : []),
  ];
  const after =
    "`npx sluice list` then names the runs: `sluice compare` and `sluice why` compare two of them, `sluice query` asks all of them " +
    "in SQL, `sluice verify` runs one again, and `sluice bundle` packs it for a reviewer. Each says more with `--help`.";
  const node = `Node ${oldestNode(language)} or newer is needed.`;
  return `# ${name}\n\n${what}\n\nAfter \`npm install\`, ${commands.join("; ")}. ${after} ${node}\n`;
}
