import { toF32, toF64, toI32, toI64 } from "./constant.ts";
import type { Expression, Local, Operand, ResultType, ValueType } from "./expression.ts";
import { forgetVectors } from "./forget-vectors.ts";
import { hoistConstants } from "./hoist-constants.ts";
import { unsigned } from "./leb128.ts";
import { shareCommon } from "./sharing.ts";

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

export function bodyBuilder(parameters: Readonly<Record<string, ValueType>>): BodyBuilder {
  const locals: Local[] = [];
  /** The number of variables with each wanted name. */
  const names = new Map<string, number>();
  let labels = 0;
  let current: Statement[] = [];

  function unusedName(wanted: string): string {
    let name = wanted;
    for (let i = names.get(wanted) ?? 0; names.has(name); i++) {
      name = `${wanted}_${i}`;
      names.set(wanted, i + 1);
    }
    names.set(name, names.get(name) ?? 1);
    return name;
  }

  function newLocal<T extends ValueType>(type: T, wanted = "t"): Local<T> {
    const index = locals.length;
    const name = unusedName(wanted);
    const local = { type, op: "local.get", code: [0x20, ...unsigned(index)], operands: [], note: name, index, name };
    locals.push(local);
    return local;
  }

  function tree<T extends ResultType>(expression: Expression<T>): Expression<T> {
    return shareCommon(expression, newLocal);
  }

  function inside(write: () => void): Statement[] {
    const outer = current;
    const statements: Statement[] = [];
    current = statements;
    try {
      write();
    } finally {
      current = outer;
    }
    return statements;
  }

  function labelled(kind: "block" | "loop", write: (label: Label) => void): void {
    const label = { name: `${kind}${labels++}` };
    current.push({ kind, label, statements: inside(() => write(label)) });
  }

  const body: Body = {
    local: newLocal,
    let(value, name) {
      const local = newLocal(value.type, name);
      body.set(local, value);
      return local;
    },
    set(local, value) {
      current.push({ kind: "set", local, value: tree(constantOf(local.type, value)) });
    },
    do(expression) {
      current.push({ kind: "do", expression: tree(expression) });
    },
    if(condition, then, otherwise) {
      const test = tree(condition);
      current.push({
        kind: "if",
        condition: test,
        then: inside(then),
        otherwise: otherwise === undefined ? [] : inside(otherwise),
      });
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
      current.push({ kind: "branch", label, condition: undefined });
    },
    branchIf(label, condition) {
      current.push({ kind: "branch", label, condition: tree(condition) });
    },
    return(value) {
      current.push({ kind: "return", value: value === undefined ? undefined : tree(value) });
    },
    unreachable() {
      current.push({ kind: "unreachable" });
    },
  };

  const statements = current;
  return {
    body,
    parameters: Object.entries(parameters).map(([name, type]) => newLocal(type, name)),
    finish: () => ({ statements: forgetVectors(hoistConstants(statements, newLocal), locals), locals }),
  };
}
