import type { Statement } from "./body.ts";
import { f32x4Const } from "./constant.ts";
import type { Expression, Local } from "./expression.ts";

/**
 * Helps V8 pair vectors: at the end of each iteration of a loop, sets vector variables that the next iteration does not
 * read to a constant.
 *
 * V8 first treats every variable that is set in a loop as carried to the next iteration, until it finds that nothing
 * reads it. It decides before that which vectors to pair, and a carried vector counts against a pair. The constants
 * cost no instruction.
 */
export function forgetVectors(statements: readonly Statement[], locals: readonly Local[]): Statement[] {
  const vectors = new Map(locals.filter(({ type }) => type === "v128").map((local) => [local.name, local]));
  const everywhere = new Map<string, number>();
  for (const statement of statements)
    for (const name of namesIn(statement)) everywhere.set(name, (everywhere.get(name) ?? 0) + 1);

  const within = (list: readonly Statement[]): Statement[] =>
    list.map((statement): Statement => {
      switch (statement.kind) {
        case "block":
          return { ...statement, statements: within(statement.statements) };
        case "if":
          return { ...statement, then: within(statement.then), otherwise: within(statement.otherwise) };
        case "loop":
          return { ...statement, statements: turn(statement.statements) };
        default:
          return statement;
      }
    });

  /** The statements of a loop. They end with the branch to its start. */
  function turn(list: readonly Statement[]): Statement[] {
    const body = list.slice(0, -1);
    const forgotten = ownOf(body).map((local): Statement => ({ kind: "set", local, value: f32x4Const(0) }));
    return [...within(body), ...forgotten, ...list.slice(-1)];
  }

  /** Vectors that the statements always set before any of them reads them, and that occur nowhere else. */
  function ownOf(list: readonly Statement[]): Local[] {
    const here = new Map<string, number>();
    const own: Local[] = [];
    for (const statement of list) {
      const names = namesIn(statement);
      const sets = setBy(statement, names).flatMap((name) => (here.has(name) ? [] : (vectors.get(name) ?? [])));
      for (const name of names) here.set(name, (here.get(name) ?? 0) + 1);
      own.push(...sets);
    }
    return own.filter(({ name }) => here.get(name) === everywhere.get(name));
  }

  return within(statements);
}

/** Variables that a statement always sets, and does not read before it does. */
function setBy(statement: Statement, names: readonly string[]): string[] {
  if (statement.kind === "do") return keptIn(statement.expression, []);
  if (statement.kind !== "set") return [];
  const { name } = statement.local;
  const own = names.indexOf(name) === names.lastIndexOf(name) ? [name] : [];
  return keptIn(statement.value, own);
}

/** The variables that an expression sets. */
function keptIn({ op, note, operands }: Expression, kept: string[]): string[] {
  for (const operand of operands) keptIn(operand, kept);
  if (op === "local.tee") kept.push(note);
  return kept;
}

/** All occurrences of variables in a statement. */
function namesIn(statement: Statement, names: string[] = []): string[] {
  switch (statement.kind) {
    case "block":
    case "loop":
      for (const inner of statement.statements) namesIn(inner, names);
      break;
    case "if":
      namesOf(statement.condition, names);
      for (const inner of statement.then) namesIn(inner, names);
      for (const inner of statement.otherwise) namesIn(inner, names);
      break;
    case "do":
      namesOf(statement.expression, names);
      break;
    case "set":
      names.push(statement.local.name);
      namesOf(statement.value, names);
      break;
    case "branch":
      if (statement.condition !== undefined) namesOf(statement.condition, names);
      break;
    case "return":
      if (statement.value !== undefined) namesOf(statement.value, names);
      break;
    case "unreachable":
      break;
  }
  return names;
}

function namesOf({ op, note, operands }: Expression, names: string[]): void {
  for (const operand of operands) namesOf(operand, names);
  if (op === "local.get" || op === "local.tee") names.push(note);
}
