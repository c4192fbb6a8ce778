import type { Local, ValueType } from "./expression.ts";
import { unsigned } from "./leb128.ts";

/** The variables of a function. */
export interface Variables {
  /** In the order in which they were made. */
  readonly all: readonly Local[];
  /** A new variable. Its name is `wanted`, with a number after it if another variable has that name. */
  make<T extends ValueType>(type: T, wanted?: string): Local<T>;
}

export function variables(): Variables {
  const all: Local[] = [];
  /** The number of variables with each wanted name. */
  const names = new Map<string, number>();

  function unusedName(wanted: string): string {
    let name = wanted;
    for (let i = names.get(wanted) ?? 0; names.has(name); i++) {
      name = `${wanted}_${i}`;
      names.set(wanted, i + 1);
    }
    names.set(name, names.get(name) ?? 1);
    return name;
  }

  return {
    all,
    make(type, wanted = "t") {
      const index = all.length;
      const name = unusedName(wanted);
      const local = { type, op: "local.get", code: [0x20, ...unsigned(index)], operands: [], note: name, index, name };
      all.push(local);
      return local;
    },
  };
}
