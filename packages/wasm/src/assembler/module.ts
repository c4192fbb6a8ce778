import type { Bytes } from "@sluice/tensor";
import { nth } from "@sluice/tensor/internal";
import { type Body, type Built, bodyBuilder } from "./body.ts";
import { toF32, toF32x4, toF64, toI32, toI64 } from "./constant.ts";
import { encodeFunction, TYPE_CODES } from "./encode.ts";
import { type Expression, type Local, node, type Operand, type ResultType, type ValueType } from "./expression.ts";
import { unsigned } from "./leb128.ts";
import { multiplyAdds, type MultiplyAddMode } from "./multiply-add.ts";
import { printStatements } from "./print.ts";

type Parameters = Readonly<Record<string, ValueType>>;
type Arguments<P extends Parameters> = { readonly [K in keyof P]: P[K] extends ValueType ? Local<P[K]> : never };

/** A function of the module. Call it with its operands in the order of its parameters. */
export interface WasmFunction<R extends ResultType = ResultType> {
  readonly name: string;
  call(...operands: Operand<ValueType>[]): Expression<R>;
}

export interface MemoryOptions {
  /** In pages of 64 KiB. */
  initial: number;
  maximum?: number;
  /** Needs `maximum`. */
  shared?: boolean;
}

export interface ModuleBuilder {
  /** Declares an imported function. Import all functions before you add the first one. */
  importFunction<R extends ResultType>(
    from: string,
    name: string,
    options: { params: Parameters; result: R },
  ): WasmFunction<R>;
  /** Adds a function. `write` gets its body and its parameters by name. */
  function<const P extends Parameters, R extends ResultType = "none">(
    name: string,
    options: { params: P; result?: R; export?: boolean },
    write: (body: Body, params: Arguments<P>) => void,
  ): WasmFunction<R>;
  /** The module in the binary format. */
  encode(): Bytes;
  /** All functions as readable text. */
  print(): string;
}

interface Signature {
  readonly name: string;
  readonly params: Parameters;
  readonly result: ResultType;
}

interface Defined extends Signature {
  readonly exported: boolean;
  readonly built: Built;
}

const lifts = { i32: toI32, i64: toI64, f32: toF32, f64: toF64, v128: toF32x4 } as const;

interface ModuleOptions {
  memory?: MemoryOptions;
  /** Of `body.multiplyAdd`. Default "separate". */
  multiplyAdd?: MultiplyAddMode;
}

/** Starts a module. Its memory, if any, is imported as `env.memory`. */
export function wasmModule({ memory, multiplyAdd = "separate" }: ModuleOptions = {}): ModuleBuilder {
  const imported: (Signature & { from: string })[] = [];
  const defined: Defined[] = [];

  function handle<R extends ResultType>(signature: Signature, index: number, result: R): WasmFunction<R> {
    const types = Object.values(signature.params);
    return {
      name: signature.name,
      call(...operands) {
        if (operands.length !== types.length) {
          throw new TypeError(
            `${signature.name} takes ${types.length} operands (${Object.keys(signature.params).join(", ")}), not ${operands.length}.`,
          );
        }
        const lifted = operands.map((operand, i) => {
          const type = nth(types, i);
          if (typeof operand === "number") return lifts[type](operand);
          if (operand.type !== type)
            throw new TypeError(`${signature.name}: operand ${i} is ${operand.type}, expected ${type}.`);
          return operand;
        });
        return node(result, `call ${signature.name}`, [0x10, ...unsigned(index)], lifted);
      },
    };
  }

  return {
    importFunction(from, name, { params, result }) {
      if (defined.length > 0)
        throw new Error(`Import ${from}.${name} before you add the first function: imports are numbered first.`);
      imported.push({ from, name, params, result });
      return handle({ name, params, result }, imported.length - 1, result);
    },
    function(name, options, write) {
      // `builder.parameters` has every key of `params`, so all keys of Arguments are there.
      const builder = bodyBuilder(options.params, multiplyAdds[multiplyAdd]);
      const params = Object.fromEntries(builder.parameters.map((local) => [local.name, local])) as Arguments<
        typeof options.params
      >;
      write(builder.body, params);
      const result = options.result ?? ("none" as NonNullable<typeof options.result>);
      const signature = { name, params: options.params, result };
      defined.push({ ...signature, exported: options.export ?? false, built: builder.finish() });
      return handle(signature, imported.length + defined.length - 1, result);
    },
    encode: () => encodeModule(memory, imported, defined),
    print: () => defined.map(printFunction).join("\n\n"),
  };
}

function printFunction({ name, params, result, exported, built }: Defined): string {
  const parameters = Object.entries(params).map(([parameter, type]) => `${parameter}: ${type}`);
  const head = `${exported ? "export " : ""}func ${name}(${parameters.join(", ")})${result === "none" ? "" : `: ${result}`}`;
  return [head, ...printStatements(built.statements, "  ")].join("\n");
}

function text(value: string): number[] {
  const bytes = new TextEncoder().encode(value);
  return [...unsigned(bytes.length), ...bytes];
}

/** Bytes in pieces: function bodies are long, so they are copied only once. */
type Pieces = readonly (readonly number[])[];

function section(id: number, content: Pieces): Pieces {
  return [[id, ...unsigned(sizeOf(content))], ...content];
}

function list(entries: Pieces): Pieces {
  return [unsigned(entries.length), ...entries];
}

function sizeOf(pieces: Pieces): number {
  return pieces.reduce((size, piece) => size + piece.length, 0);
}

function joined(pieces: Pieces): Bytes {
  const bytes = new Uint8Array(sizeOf(pieces));
  let at = 0;
  for (const piece of pieces) {
    bytes.set(piece, at);
    at += piece.length;
  }
  return bytes;
}

function limits({ initial, maximum, shared = false }: MemoryOptions): number[] {
  if (shared && maximum === undefined) throw new TypeError("A shared memory needs a maximum size.");
  return [
    (shared ? 2 : 0) | (maximum === undefined ? 0 : 1),
    ...unsigned(initial),
    ...(maximum === undefined ? [] : unsigned(maximum)),
  ];
}

function signatureCode({ params, result }: Signature): number[] {
  const types = Object.values(params).map((type) => TYPE_CODES[type]);
  return [0x60, ...unsigned(types.length), ...types, ...(result === "none" ? [0] : [1, TYPE_CODES[result]])];
}

function encodeModule(
  memory: MemoryOptions | undefined,
  imported: readonly (Signature & { from: string })[],
  defined: readonly Defined[],
): Bytes {
  const types = new Map<string, { index: number; code: number[] }>();
  const typeIndex = (signature: Signature): number => {
    const code = signatureCode(signature);
    const key = code.join();
    const known = types.get(key);
    if (known !== undefined) return known.index;
    types.set(key, { index: types.size, code });
    return types.size - 1;
  };

  const functionImports = imported.map((signature) => [
    ...text(signature.from),
    ...text(signature.name),
    0x00,
    ...unsigned(typeIndex(signature)),
  ]);
  const memoryImport = memory === undefined ? [] : [[...text("env"), ...text("memory"), 0x02, ...limits(memory)]];
  const functionTypes = defined.map((signature) => unsigned(typeIndex(signature)));
  const exports = defined.flatMap(({ name, exported }, i) =>
    exported ? [[...text(name), 0x00, ...unsigned(imported.length + i)]] : [],
  );
  const bodies = defined.flatMap(({ built, params }) => {
    const code = encodeFunction(built, Object.keys(params).length);
    return [unsigned(code.length), code];
  });
  // Names for profilers and stack traces.
  const names = [...imported, ...defined].map(({ name }, i) => [...unsigned(i), ...text(name)]);
  const nameSection = [text("name"), ...section(1, list(names))];

  return joined([
    [0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00],
    ...section(1, list([...types.values()].map(({ code }) => code))),
    ...section(2, list([...functionImports, ...memoryImport])),
    ...section(3, list(functionTypes)),
    ...section(7, list(exports)),
    ...section(10, [unsigned(defined.length), ...bodies]),
    ...section(0, nameSection),
  ]);
}
