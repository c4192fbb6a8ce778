import { toF32, toF64, toI32, toI64 } from "./constant.ts";
import type { Expression, Local, Operand, ResultType, ValueType } from "./expression.ts";
import { forgetVectors } from "./forget-vectors.ts";
import { hoistConstants } from "./hoist-constants.ts";
import type { MultiplyAdd } from "./multiply-add.ts";
import { shareCommon } from "./sharing.ts";
import { type Variables, variables } from "./variables.ts";

/** A branch target: the start of a loop or the end of a block. */
export interface Label {
  readonly name: string;
}

export type Statement =
  | { readonly kind: "do"; readonly expression: Expression }
  | { readonly kind: "set"; readonly local: Local; readonly value: Expression }
  | { readonly kind: "block" | "loop"; readonly label: Label; readonly statements: readonly Statement[] }
  | {
      readonly kind: "if";
      readonly condition: Expression;
      readonly then: readonly Statement[];
      readonly otherwise: readonly Statement[];
    }
  | { readonly kind: "branch"; readonly label: Label; readonly condition: Expression | undefined }
  | { readonly kind: "return"; readonly value: Expression | undefined }
  | { readonly kind: "unreachable" };

/** Writes the statements of one function, in order. */
export interface Body {
  /** Multiplies and adds as the module does. */
  readonly multiplyAdd: MultiplyAdd;
  /** A new variable; 0 until it is set. */
  local<T extends ValueType>(type: T, name?: string): Local<T>;
  /** A new variable that holds `value`. */
  let<T extends ValueType>(value: Expression<T>, name?: string): Local<T>;
  set<T extends ValueType>(local: Local<T>, value: Operand<T>): void;
  /** Executes a store, a call, or another expression. Drops its result, if any. */
  do(expression: Expression): void;
  if(condition: Expression<"i32">, then: () => void, otherwise?: () => void): void;
  /** A block: `branch(label)` leaves it. */
  block(statements: (label: Label) => void): void;
  /** A loop: `branch(label)` starts its next iteration. */
  loop(statements: (label: Label) => void): void;
  while(condition: Expression<"i32">, statements: () => void): void;
  /** Like `while`, but tests the condition after the statements. */
  repeatWhile(condition: Expression<"i32">, statements: () => void): void;
  branch(label: Label): void;
  branchIf(label: Label, condition: Expression<"i32">): void;
  return(value?: Expression<ValueType>): void;
  unreachable(): void;
}

/** A finished body. */
export interface Built {
  readonly statements: readonly Statement[];
  /** Parameters first. */
  readonly locals: readonly Local[];
}

export interface BodyBuilder {
  readonly body: Body;
  readonly parameters: readonly Local[];
  finish(): Built;
}

function constantOf<T extends ValueType>(type: T, value: Operand<T>): Expression {
  if (typeof value !== "number") return value;
  switch (type) {
    case "i32":
      return toI32(value);
    case "i64":
      return toI64(value);
    case "f32":
      return toF32(value);
    case "f64":
      return toF64(value);
    default:
      throw new TypeError("A v128 variable must be set to a vector, such as f32x4.const(1), not to a number.");
  }
}

/** The statements of a function while they are written. */
interface Writer {
  readonly statements: readonly Statement[];
  push(statement: Statement): void;
  /** The statements that `write` pushes. They are part of a block, an `if` or a loop. */
  inside(write: () => void): Statement[];
}

function statementWriter(): Writer {
  const statements: Statement[] = [];
  let current = statements;
  return {
    statements,
    push(statement) {
      current.push(statement);
    },
    inside(write) {
      const outer = current;
      const own: Statement[] = [];
      current = own;
      try {
        write();
      } finally {
        current = outer;
      }
      return own;
    },
  };
}

function bodyOf({ make }: Variables, { push, inside }: Writer, multiplyAdd: MultiplyAdd): Body {
  let labels = 0;
  const tree = <T extends ResultType>(expression: Expression<T>): Expression<T> => shareCommon(expression, make);

  function labelled(kind: "block" | "loop", write: (label: Label) => void): void {
    const label = { name: `${kind}${labels++}` };
    push({ kind, label, statements: inside(() => write(label)) });
  }

  const body: Body = {
    multiplyAdd,
    local: make,
    let(value, name) {
      const local = make(value.type, name);
      body.set(local, value);
      return local;
    },
    set(local, value) {
      push({ kind: "set", local, value: tree(constantOf(local.type, value)) });
    },
    do(expression) {
      push({ kind: "do", expression: tree(expression) });
    },
    if(condition, then, otherwise = () => {}) {
      const test = tree(condition);
      push({ kind: "if", condition: test, then: inside(then), otherwise: inside(otherwise) });
    },
    block: (write) => labelled("block", write),
    loop: (write) => labelled("loop", write),
    while(condition, write) {
      body.if(condition, () => body.repeatWhile(condition, write));
    },
    repeatWhile(condition, write) {
      body.loop((again) => {
        write();
        body.branchIf(again, condition);
      });
    },
    branch(label) {
      push({ kind: "branch", label, condition: undefined });
    },
    branchIf(label, condition) {
      push({ kind: "branch", label, condition: tree(condition) });
    },
    return(value) {
      push({ kind: "return", value: value === undefined ? undefined : tree(value) });
    },
    unreachable() {
      push({ kind: "unreachable" });
    },
  };
  return body;
}

export function bodyBuilder(parameters: Readonly<Record<string, ValueType>>, multiplyAdd: MultiplyAdd): BodyBuilder {
  const locals = variables();
  const writer = statementWriter();
  return {
    body: bodyOf(locals, writer, multiplyAdd),
    parameters: Object.entries(parameters).map(([name, type]) => locals.make(type, name)),
    finish: () => ({
      statements: forgetVectors(hoistConstants(writer.statements, locals.make), locals.all),
      locals: locals.all,
    }),
  };
}
