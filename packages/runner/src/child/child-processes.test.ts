import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { executorStudy, executorSuite } from "@sluice/study/testing";
import { afterAll, test } from "vitest";
import { folderStore } from "../folder/folder-store.ts";
import { childProcesses } from "./child-processes.ts";
import { readProcesses } from "./process-table.ts";

const scratch = mkdtempSync(join(tmpdir(), "sluice-children-"));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));
const module = fileURLToPath(new URL("../../fixtures/executor.ts", import.meta.url));

const laws = executorSuite((store) => childProcesses({ module, store }), {
  newStore: () => folderStore(mkdtempSync(join(scratch, "run-"))),
  study: executorStudy(),
  isRunning: (pid) => readProcesses().has(pid),
  except:
    process.platform === "win32"
      ? { "a trial that takes more memory than its limit is failed": "memory limits are not supported on Windows" }
      : {},
});

test.each(laws)("$name", ({ run }) => run());
