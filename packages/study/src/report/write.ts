import type { Store } from "../run/store.ts";
import type { Study } from "../study.ts";
import { documentOf, type ResultsDocument } from "./document.ts";
import { readModel, type ReportModel } from "./model.ts";
import { page } from "./page.ts";

/** The result of {@link writeReport}. */
export interface WrittenReport {
  /** Where the report is; for a folder, the path of `report.html`. */
  readonly report: string;
  readonly model: ReportModel;
  /** What could not be read, and parts that could not be rendered. */
  readonly problems: readonly string[];
  readonly document: ResultsDocument;
}

/** Makes the report from the contents of a store and writes it there. `study` is needed only for the claims. */
export async function writeReport(store: Store, { study }: { readonly study: Study | null }): Promise<WrittenReport> {
  const model = await readModel(store, study);
  const document = documentOf(store.reportPlace, model);
  const { text, undrawn } = page(model);
  await store.writeReport({ page: text, document });
  return { report: store.reportPlace, model, problems: [...model.problems, ...undrawn], document };
}
