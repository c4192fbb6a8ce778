import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { executorStudy, executorSuite } from "@sluice/study/testing";
import { afterAll, test } from "vitest";
import { folderStore } from "../folder/folder-store.ts";
import { childProcesses } from "./child-processes.ts";

const scratch = mkdtempSync(join(tmpdir(), "sluice-children-"));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));
const module = fileURLToPath(new URL("../../fixtures/executor.ts", import.meta.url));

const laws = executorSuite((store) => childProcesses({ module, store }), {
  newStore: () => folderStore(mkdtempSync(join(scratch, "run-"))),
  study: executorStudy(),
});

test.each(laws)("$name", { timeout: 120_000 }, ({ run }) => run());
