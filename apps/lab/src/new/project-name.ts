import { isBuiltin } from "node:module";
import { studyError } from "@sluice/study";

/** What a project is called in its files. */
export interface ProjectName {
  /** The name of the package, of the study and of the folder: lower-case words joined by hyphens. */
  readonly package: string;
  /** The same as a name in code: `soft-gate` is `softGate`. */
  readonly code: string;
  /** The same as words: "soft gate". */
  readonly words: string;
}

/** Names that JavaScript does not allow, or that the written files use themselves. */
const TAKEN = new Set([
  ...["await", "break", "case", "catch", "class", "const", "continue", "debugger", "default", "delete", "do", "else"],
  ...["enum", "export", "extends", "false", "finally", "for", "function", "if", "implements", "import", "in", "let"],
  ...["instanceof", "interface", "new", "null", "package", "private", "protected", "public", "return", "static"],
  ...["super", "switch", "this", "throw", "true", "try", "typeof", "var", "void", "while", "with", "yield"],
  ...["arguments", "eval", "undefined", "typescript", "sluice", "study", "settings", "cell", "cells", "test", "after"],
  ...["add", "adding", "adam", "backend", "better", "bias", "chain", "clip", "dense", "div", "gru", "kernel", "mse"],
  ...["mul", "sequence", "sequential", "sigmoid", "split", "sub", "tanh", "wasm"],
  ...["assert", "cell-suite", "clippers", "define-cell", "global-norm", "gradient-transform-suite", "map-tree"],
  ...["recurrent-kernel", "training-metrics", "training-trial", "tree-norm"],
]);

/** @throws an error that says what is wrong with the name. */
export function projectName(folder: string): ProjectName {
  if (!/^[a-z][a-z0-9]*(-[a-z0-9]+)*$/.test(folder) || folder.length > 60)
    throw studyError(
      `new project: "${folder}" cannot be the name of a project: expected lower-case words joined by hyphens, ` +
        'such as "soft-gate", of at most 60 characters',
    );
  if (TAKEN.has(folder) || isBuiltin(folder))
    throw studyError(
      `new project: "${folder}" cannot be the name of a project: JavaScript, Node or the project's own code uses it. ` +
        `Choose another, such as "my-${folder}"`,
    );
  return {
    package: folder,
    code: folder.replaceAll(/-(.)/g, (_, letter: string) => letter.toUpperCase()),
    words: folder.replaceAll("-", " "),
  };
}
