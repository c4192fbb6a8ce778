#!/usr/bin/env node
/** The command `sluice`: runs the lab's command if the lab is installed; otherwise it says how to install it. */
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { pathToFileURL } from "node:url";

/** The lab's command, as installed in the current project or next to this package. */
function labCommand(): string | undefined {
  for (const place of [join(process.cwd(), "package.json"), import.meta.url]) {
    const require = createRequire(place);
    try {
      const { bin } = require("@sluice/lab/package.json");
      return join(dirname(require.resolve("@sluice/lab/package.json")), bin.sluice);
    } catch {
      continue;
    }
  }
  return undefined;
}

const command = labCommand();
if (command === undefined) {
  console.error(
    "sluice: studies need the package @sluice/lab. Run npm install @sluice/lab, then run this command again.",
  );
  process.exitCode = 1;
} else {
  process.argv[1] = command;
  await import(pathToFileURL(command).href);
}
