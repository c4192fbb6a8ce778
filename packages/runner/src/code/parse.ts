import module from "node:module";
import { extname } from "node:path";
import { parse, type AnyNode, type Program } from "acorn";
import { messageOf } from "@sluice/study";

/** A reference to another file or package, as written. */
export interface Reference {
  /** `import` and `import.meta.resolve`; `require`; `new URL(..., import.meta.url)`. */
  readonly kind: "import" | "require" | "url";
  /** For a conditional expression, both alternatives. */
  readonly specifiers: readonly string[];
}

export interface ParsedCode {
  /** The program without types, comments and layout. Texts that differ only in these have equal programs. */
  readonly form: string;
  readonly references: readonly Reference[];
  /** What cannot be determined from the text, such as an import whose name is computed at run time. */
  readonly unresolved: readonly string[];
}

const TYPED = new Set([".ts", ".mts", ".cts"]);

/**
 * Reads the text of a module. A text that is not JavaScript or TypeScript is kept as it is and reported as unresolved.
 */
export function parseCode(text: string, path: string): ParsedCode {
  try {
    const program = programOf(TYPED.has(extname(path)) ? withoutTypes(text) : text);
    return { form: JSON.stringify(program, withoutLayout), ...mentions(program, text) };
  } catch (error) {
    return {
      form: text,
      references: [],
      unresolved: [`it cannot be read (${messageOf(error).split("\n")[0]}), so what it imports is not known`],
    };
  }
}

function programOf(text: string): Program {
  const common = { ecmaVersion: "latest", allowHashBang: true } as const;
  try {
    return parse(text, { ...common, sourceType: "module" });
  } catch (error) {
    try {
      return parse(text, { ...common, sourceType: "script", allowReturnOutsideFunction: true });
    } catch {
      throw error;
    }
  }
}

/** As Node does when it runs the file. Types become spaces, so lines keep their numbers. */
function withoutTypes(text: string): string {
  if (typeof module.stripTypeScriptTypes !== "function")
    throw new Error(`Node ${process.version} cannot take the types out of TypeScript`);
  // Node warns once that the function may change. The result does not depend on how it formats the text, and the user
  // can do nothing about the warning.
  const { emitWarning } = process;
  process.emitWarning = () => {};
  try {
    return module.stripTypeScriptTypes(text);
  } finally {
    process.emitWarning = emitWarning;
  }
}

function withoutLayout(this: unknown, key: string, value: unknown): unknown {
  if (key === "start" || key === "end") return undefined;
  // Quotes are layout. Numbers keep their text, because JSON cannot represent 1e999, which is infinity.
  if (key === "raw" && typeof this === "object" && this !== null && "value" in this && typeof this.value === "string")
    return undefined;
  return typeof value === "bigint" ? String(value) : value;
}

interface Names {
  /** The names of `createRequire` in this file. */
  readonly makers: ReadonlySet<string>;
  /** Functions that `createRequire` made, and CommonJS's `require`. */
  readonly requires: ReadonlySet<string>;
  /**
   * Values of constants; `null` for a name that is bound more than once, or to a value that cannot be determined from
   * the text.
   */
  readonly constants: ReadonlyMap<string, AnyNode | null>;
}

function mentions(program: Program, text: string): Pick<ParsedCode, "references" | "unresolved"> {
  const names = namesOf(program);
  const references: Reference[] = [];
  const unresolved: string[] = [];
  const tell = (node: AnyNode, what: string): void =>
    void unresolved.push(`${what}: ${text.slice(node.start, node.end).split("\n")[0]?.slice(0, 80)}`);
  const refer = (kind: Reference["kind"], node: AnyNode, given: AnyNode | null | undefined): void => {
    const specifiers = given === null || given === undefined ? null : stringsOf(given, names.constants);
    if (specifiers !== null) references.push({ kind, specifiers });
    // Finding a file does not run it. If it is code, what loads it then is told.
    else if (!finds(node)) tell(node, "a name that is known only when it runs");
  };
  const known = new Set<AnyNode>();
  walk(program, (node) => {
    if (
      node.type === "ImportDeclaration" ||
      node.type === "ExportAllDeclaration" ||
      node.type === "ExportNamedDeclaration"
    ) {
      if (node.source) refer("import", node, node.source);
    } else if (node.type === "ImportExpression") refer("import", node, node.source);
    else if (
      node.type === "NewExpression" &&
      node.callee.type === "Identifier" &&
      node.callee.name === "URL" &&
      isMeta(node.arguments[1], ["url"])
    )
      refer("url", node, node.arguments[0]);
    else if (node.type === "CallExpression") {
      const { callee } = node;
      const required = finds(node) && callee.type === "MemberExpression" ? callee.object : callee;
      if (isMeta(callee, ["resolve"])) refer("import", node, node.arguments[0]);
      else if (required.type === "Identifier" && names.requires.has(required.name)) {
        known.add(required);
        refer("require", node, node.arguments[0]);
      } else if (makes(required, names)) refer("require", node, node.arguments[0]);
      else if (
        makes(node, names) &&
        !isMeta(node.arguments[0], ["url", "filename"]) &&
        !isIdentifier(node.arguments[0], "__filename")
      )
        tell(node, "a require of another place");
    } else if (node.type === "VariableDeclarator" && node.init && makes(node.init, names)) known.add(node.id);
    else if (node.type === "MemberExpression" && !node.computed && node.property.type === "Identifier")
      known.add(node.property);
    else if (node.type === "Property" && !node.computed && !node.shorthand) known.add(node.key);
    else if (node.type === "Identifier" && names.requires.has(node.name) && !known.has(node))
      tell(node, "a require that is handed on");
  });
  return { references, unresolved };
}

/** Whether it calls `import.meta.resolve` or `require.resolve`. */
const finds = (node: AnyNode): boolean =>
  node.type === "CallExpression" && node.callee.type === "MemberExpression" && nameOf(node.callee) === "resolve";

function namesOf(program: Program): Names {
  const makers = new Set<string>();
  const requires = new Set<string>();
  const constants = new Map<string, AnyNode | null>();
  const isModule = program.body.some((node) => /^(Import|Export)/.test(node.type));
  // A name with another meaning in another scope is not looked up, because scopes are not analyzed.
  const hide = (node: AnyNode): void => void (node.type === "Identifier" && constants.set(node.name, null));
  walk(program, (node) => {
    if (
      node.type === "ImportSpecifier" &&
      node.imported.type === "Identifier" &&
      node.imported.name === "createRequire"
    )
      makers.add(node.local.name);
    if (node.type === "VariableDeclaration") {
      for (const { id, init } of node.declarations) {
        if (id.type === "Identifier" && node.kind === "const" && !constants.has(id.name))
          constants.set(id.name, init ?? null);
        else walk(id, hide);
      }
    } else if ("params" in node) {
      for (const part of [...node.params, ...("id" in node && node.id ? [node.id] : [])]) walk(part, hide);
    } else if (node.type === "CatchClause" && node.param) walk(node.param, hide);
    else if ((node.type === "ClassDeclaration" || node.type === "ClassExpression") && node.id) hide(node.id);
  });
  if (!isModule) requires.add("require");
  walk(program, (node) => {
    if (
      node.type === "VariableDeclarator" &&
      node.id.type === "Identifier" &&
      node.init &&
      makes(node.init, { makers })
    )
      requires.add(node.id.name);
  });
  return { makers, requires, constants };
}

/** Whether a node is `createRequire(...)` or `module.createRequire(...)`. */
function makes(node: AnyNode, { makers }: Pick<Names, "makers">): boolean {
  if (node.type !== "CallExpression") return false;
  return node.callee.type === "Identifier"
    ? makers.has(node.callee.name)
    : node.callee.type === "MemberExpression" && nameOf(node.callee) === "createRequire";
}

/** Every string that an expression can be, or `null` if that cannot be determined. */
function stringsOf(node: AnyNode, constants: Names["constants"]): string[] | null {
  const both = (a: AnyNode, b: AnyNode, join: (a: string[], b: string[]) => string[]): string[] | null => {
    const [left, right] = [stringsOf(a, constants), stringsOf(b, constants)];
    return left === null || right === null ? null : join(left, right);
  };
  const pairs = (a: string[], b: string[]): string[] => a.flatMap((first) => b.map((second) => first + second));
  if (node.type === "Literal") return typeof node.value === "string" ? [node.value] : null;
  if (node.type === "ConditionalExpression") return both(node.consequent, node.alternate, (a, b) => [...a, ...b]);
  if (node.type === "BinaryExpression")
    return node.operator === "+" && node.left.type !== "PrivateIdentifier" ? both(node.left, node.right, pairs) : null;
  if (node.type === "TemplateLiteral") {
    return node.quasis.reduce<string[] | null>(
      (texts, { value }, index) => {
        const before = node.expressions[index - 1];
        const inserted = before === undefined ? [""] : stringsOf(before, constants);
        return texts === null || inserted === null ? null : pairs(pairs(texts, inserted), [value.cooked ?? value.raw]);
      },
      [""],
    );
  }
  if (node.type === "Identifier") {
    const value = constants.get(node.name);
    // A constant that refers to itself cannot be evaluated.
    return value === undefined || value === null ? null : stringsOf(value, new Map([...constants, [node.name, null]]));
  }
  return null;
}

/** Whether a node is `import.meta.<name>`, for one of the names. */
function isMeta(node: AnyNode | undefined, names: readonly string[]): boolean {
  return node?.type === "MemberExpression" && node.object.type === "MetaProperty" && names.includes(nameOf(node) ?? "");
}

function isIdentifier(node: AnyNode | undefined, name: string): boolean {
  return node?.type === "Identifier" && node.name === name;
}

function nameOf(node: AnyNode & { type: "MemberExpression" }): string | undefined {
  return !node.computed && node.property.type === "Identifier" ? node.property.name : undefined;
}

function walk(node: AnyNode, visit: (node: AnyNode) => void): void {
  visit(node);
  for (const value of Object.values(node)) {
    if (Array.isArray(value)) {
      for (const item of value) if (isNode(item)) walk(item, visit);
    } else if (isNode(value)) walk(value, visit);
  }
}

function isNode(value: unknown): value is AnyNode {
  return (
    typeof value === "object" && value !== null && "type" in value && typeof value.type === "string" && "start" in value
  );
}
