import tseslint from "typescript-eslint";
import { folderOf, folders, layers, mayImport, reserved } from "./house.js";

const names = layers.flat();
const tests = ["**/*.test.ts", "**/*.test-d.ts"];

const approximate =
  "sin cos tan asin acos atan atan2 sinh cosh tanh asinh acosh atanh exp expm1 log log1p log2 log10 pow cbrt hypot".split(
    " ",
  );
const exactMessage =
  "JavaScript engines differ in the last bits here, so results would too. @sluice/tensor's scalar functions have the same bits everywhere.";

/** Bitwise the same results on every machine: nothing whose value is left to the engine, and no hidden random state. */
const exactNumbers = [
  "error",
  ...approximate.map((property) => ({ object: "Math", property, message: exactMessage })),
  {
    object: "Math",
    property: "random",
    message: "Random numbers come from @sluice/tensor's keys, so that a run can be repeated.",
  },
];

const noPower = {
  selector: "BinaryExpression[operator='**'], AssignmentExpression[operator='**=']",
  message: `No **. ${exactMessage}`,
};

const noDoubleCast = {
  selector: "TSAsExpression[expression.type='TSAsExpression'][expression.typeAnnotation.type='TSUnknownKeyword']",
  message: "A cast through unknown silences the checker; change the types so that it is not needed.",
};

const setsFlags = "packages/wasm/src/v8-flags.ts";
const noFlags = {
  selector: "Identifier[name='setFlagsFromString']",
  message: `Some of V8's flags end the process together, so only ${setsFlags} sets them.`,
};

const above = (name) => names.filter((other) => !mayImport(name, other));
const pointsDown = (name) => `Imports point down the house only (house.js), and this is not below ${name}.`;

/** The imports that the house forbids to every file of a package, its tests included. */
function forbiddenPatterns(name) {
  const others = names.filter((other) => other !== name);
  const patterns = [
    {
      regex: `^\\.\\.?/(.*/)?(${others.join("|")})/src/`,
      message: "Another package is imported by its name, @sluice/<name>.",
    },
  ];
  if (above(name).length > 0)
    patterns.push({ regex: `^@sluice/(${above(name).join("|")})(/|$)`, message: pointsDown(name) });
  if (!mayImport(name, "sluice")) patterns.push({ regex: "^sluice(/|$)", message: pointsDown(name) });
  if (name !== "experiments") patterns.push({ regex: "^(\\.\\./)+experiments/", message: pointsDown(name) });
  return patterns;
}

/** Folders of the same package that the house forbids to a folder. */
function foldersPattern(not) {
  if (not.length === 0) return [];
  const message = `The folders ${not.join(", ")} of this package are out of bounds here (folders in house.js).`;
  return [{ regex: `^(\\.\\./)+(${not.join("|")})/`, message }];
}

function sourceRules(name, { flags = false, not = [] } = {}) {
  const paths = reserved
    .filter(({ packages }) => !packages.includes(name))
    .flatMap(({ modules, why }) => modules.map((module) => ({ name: module, message: why })));
  const syntax = [noPower, noDoubleCast, ...(flags ? [] : [noFlags])];
  if (above(name).length > 0) {
    const selector = `ImportExpression[source.value=/^@sluice.(${above(name).join("|")})$/]`;
    syntax.push({ selector, message: pointsDown(name) });
  }
  return {
    "no-restricted-properties": exactNumbers,
    "no-restricted-syntax": ["error", ...syntax],
    "no-restricted-imports": ["error", { paths, patterns: [...forbiddenPatterns(name), ...foldersPattern(not)] }],
  };
}

const testRules = (name) => ({ "no-restricted-imports": ["error", { patterns: forbiddenPatterns(name) }] });

/**
 * What only the types tell. They are those of one program, tsconfig.lint.json, since what the packages' own programs
 * leave out, above all the tests, is linted too.
 */
const typed = {
  files: ["**/*.ts"],
  languageOptions: {
    parserOptions: { project: ["./tsconfig.lint.json"], tsconfigRootDir: import.meta.dirname },
  },
  rules: {
    // node:test runs what it is given; its promise is for those who want to wait.
    "@typescript-eslint/no-floating-promises": [
      "error",
      { allowForKnownSafeCalls: [{ from: "package", name: "test", package: "node:test" }] },
    ],
    "@typescript-eslint/no-misused-promises": "error",
    "@typescript-eslint/await-thenable": "error",
    // A switch over a union names every member: one that is added later is an error where it is forgotten.
    "@typescript-eslint/switch-exhaustiveness-check": [
      "error",
      { considerDefaultExhaustiveForUnions: true, requireDefaultForNonUnion: false },
    ],
  },
};

/** Files with a function of more than 60 lines. None is added; one that has been divided is taken off. */
export const longFunctions = [];

const shortFunctions = {
  files: ["**/*.ts"],
  ignores: [...tests, ...longFunctions],
  rules: { "max-lines-per-function": ["error", { max: 60, skipBlankLines: true, skipComments: true }] },
};

export default tseslint.config(
  {
    ignores: ["**/dist/", "**/node_modules/", "**/.examples/", "playground/", ".pnpm-home/", ".runtimes/", "**/runs/"],
  },
  { linterOptions: { reportUnusedDisableDirectives: "error" } },
  ...tseslint.configs.recommended,
  {
    rules: {
      "@typescript-eslint/no-unused-vars": [
        "error",
        { argsIgnorePattern: "^_", varsIgnorePattern: "^_", ignoreRestSiblings: true },
      ],
      eqeqeq: "error",
      "no-var": "error",
      "prefer-const": "error",
      "no-restricted-syntax": ["error", noFlags],
    },
  },
  typed,
  shortFunctions,
  ...names.map((name) => ({ files: [`${folderOf(name)}/**/*.ts`], ignores: tests, rules: sourceRules(name) })),
  ...folders.map(({ of, not }) => ({
    files: [`packages/${of}/**/*.ts`],
    ignores: tests,
    rules: sourceRules(of.split("/")[0], { not }),
  })),
  { files: [setsFlags], rules: sourceRules("wasm", { flags: true }) },
  ...names.map((name) => ({ files: tests.map((test) => `${folderOf(name)}/${test}`), rules: testRules(name) })),
);
