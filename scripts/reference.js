// pnpm reference            writes the API reference of all published packages into reference/
// pnpm reference --check    writes nothing; lists public names without a docstring, and broken links
// The reference covers everything that the `exports` of each package.json lead to.
import { existsSync, readFileSync } from "node:fs";
import { join, relative } from "node:path";
import { Application, LogLevel, MinimalSourceFile, ReflectionKind } from "typedoc";
import { published } from "./manifests.js";
import { root } from "./process.js";

/** The entries of every package: the name that it is imported by, its source, and its README if it is the main entry. */
const entries = published.flatMap((folder) => {
  const { name, exports = {} } = JSON.parse(readFileSync(join(root, folder, "package.json"), "utf8"));
  return Object.entries(exports).flatMap(([path, { "@sluice/source": source }]) =>
    source === undefined
      ? []
      : [
          {
            name: name + path.slice(1),
            source: join(root, folder, source),
            readme: path === "." ? join(root, folder, "README.md") : undefined,
          },
        ],
  );
});

// `sluice` comes last, so that a name is described with its own package, and `sluice` refers to it.
entries.sort((a, b) => Number(a.name === "sluice") - Number(b.name === "sluice"));

/** typedoc's model of all sources. Modules have the names that they are imported by. */
async function read(app) {
  const project = await app.convert();
  if (project === undefined) throw new Error("The sources do not compile; see the messages above.");
  // Pages get their title from the first heading, which is then left out of the text.
  project.readme = markdown(app, project, join(root, "README.md"));
  for (const document of project.documents) document.name = titleOf(document);
  for (const module of project.children) {
    const entry = entries.find(({ source }) => relative(root, source) === module.sources[0].fileName);
    module.name = entry.name;
    if (entry.readme !== undefined && existsSync(entry.readme)) module.readme = markdown(app, project, entry.readme);
  }
  return project;
}

/** A file's text without its first heading, with links that work in the reference. */
function markdown(app, project, path) {
  const text = readFileSync(path, "utf8").replace(/^# .*\n/, "");
  return app.converter.parseRawComment(new MinimalSourceFile(text, path), project.files).content;
}

/** The first heading of a document. It is left out of the text. */
function titleOf(document) {
  const [first] = document.content;
  const [heading = "", title = document.name] = /^# (.*)\n/.exec(first.text) ?? [];
  first.text = first.text.slice(heading.length);
  return title;
}

const documented = (reflection) =>
  [reflection, ...(reflection.signatures ?? []), ...(reflection.type?.declaration?.signatures ?? [])].some((part) =>
    part.hasComment(),
  );

/**
 * The members of a name that need a docstring: methods, and all members of an interface of options. For other members
 * the name may say enough.
 */
const membersOf = (reflection) =>
  (reflection.children ?? reflection.type?.declaration?.children ?? []).filter(
    (member) =>
      member.kind !== ReflectionKind.Constructor &&
      member.inheritedFrom === undefined &&
      (member.kind === ReflectionKind.Method || reflection.name.endsWith("Options")),
  );

/** The public names and members without a docstring, each with its position in the sources. */
function undocumented(project) {
  return project.children.flatMap((module) =>
    module.children
      .filter((name) => !name.kindOf(ReflectionKind.Reference))
      .flatMap((name) => [name, ...membersOf(name)])
      .filter((reflection) => !documented(reflection))
      .map((reflection) => {
        const [{ fileName, line }] = reflection.sources;
        return `${fileName}:${line}: ${reflection.getFriendlyFullName()} has no docstring`;
      }),
  );
}

const { repository } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
const address = repository.url.replace(/^git\+/, "").replace(/\.git$/, "");

const app = await Application.bootstrap({
  entryPoints: entries.map(({ source }) => source),
  projectDocuments: ["docs/guides/*.md", "docs/*.md", "ARCHITECTURE.md"].map((pattern) => join(root, pattern)),
  out: join(root, "reference"),
  tsconfig: join(root, "tsconfig.reference.json"),
  basePath: root,
  // Not from git's remote: a clone may have none.
  disableGit: true,
  gitRevision: "main",
  sourceLinkTemplate: `${address}/blob/{gitRevision}/{path}#L{line}`,
  name: "Sluice",
  readme: join(root, "README.md"),
  logLevel: LogLevel.Warn,
  validation: { notExported: false, invalidLink: true, notDocumented: false },
  excludeExternals: true,
  includeHierarchySummary: false,
  hideGenerator: true,
});
const project = await read(app);
if (process.argv.includes("--check")) {
  const missing = undocumented(project);
  for (const line of missing) console.error(line);
  app.validate(project);
  if (missing.length > 0 || app.logger.warningCount > 0) process.exitCode = 1;
} else {
  await app.generateOutputs(project);
  console.log(`The API reference begins at ${relative(process.cwd(), join(root, "reference/index.html"))}`);
}
