import { loadStudy } from "@sluice/runner";
import { messageOf, type Study } from "@sluice/study";
import { PLACES, studiesBelow } from "../locate.ts";
import { EXIT, type AddCommand, type Terminal } from "../terminal.ts";

export const addList: AddCommand = (program, terminal, ended) => {
  program
    .command("list")
    .description("list the studies of this checkout or project")
    .option("--json", "print JSON")
    .addHelpText("after", "\nExample:\n  sluice list --json")
    .action(async (flags: { json?: boolean }) => ended(await list(flags, terminal)));
};

/** The studies of this checkout or project, with their questions. */
async function list({ json = false }: { readonly json?: boolean }, { folder, stdout }: Terminal): Promise<number> {
  const studies = await Promise.all(
    studiesBelow(folder).map(async ({ name, module }) => {
      try {
        const study: Study = await loadStudy(module);
        return {
          name,
          module,
          title: study.title,
          question: study.question,
          budgets: Object.keys(study.budgets),
          tasks: Object.keys(study.tasks),
          variants: Object.keys(study.variants),
          problem: null,
        };
      } catch (error) {
        return {
          name,
          module,
          title: null,
          question: null,
          budgets: [],
          tasks: [],
          variants: [],
          problem: messageOf(error),
        };
      }
    }),
  );
  if (json) stdout.write(`${JSON.stringify(studies, null, 2)}\n`);
  else if (studies.length === 0) stdout.write(`No studies: there is no ${PLACES} at or above ${folder}.\n`);
  else
    for (const { name, question, problem } of studies)
      stdout.write(`${name}\n  ${question ?? `cannot be loaded: ${problem}`}\n`);
  return studies.some(({ problem }) => problem !== null) ? EXIT.failed : EXIT.done;
}
