// Lets a file import Sluice's packages from a folder where none are installed, such as the root of a clone.
import { registerHooks } from "node:module";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { root } from "./process.js";

/** The workspace that depends on every package. */
const everything = pathToFileURL(join(root, "tests", "package.json")).href;

registerHooks({
  resolve(specifier, context, next) {
    if (!/^(@sluice\/|sluice($|\/))/.test(specifier)) return next(specifier, context);
    try {
      return next(specifier, context);
    } catch (error) {
      if (error.code !== "ERR_MODULE_NOT_FOUND") throw error;
      return next(specifier, { ...context, parentURL: everything });
    }
  },
});
