#!/usr/bin/env node
/** The command `sluice`: hands over to the lab where that is installed, and says how to get it where it is not. */
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { pathToFileURL } from "node:url";

/** The lab's own command, of the project in the current folder or beside this package. */
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
    "sluice: the lab, which runs studies, is a package of its own. Install it with npm install @sluice/lab, then run this command again.",
  );
  process.exitCode = 1;
} else {
  process.argv[1] = command;
  await import(pathToFileURL(command).href);
}
