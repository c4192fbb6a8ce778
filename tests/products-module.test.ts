import { describe, expect, test } from "vitest";
import { plainProducts } from "../packages/params/src/initializers/block-products.ts";
import { compiledProducts } from "../packages/params/src/initializers/compiled-products.ts";
import { orthonormalizeRows } from "../packages/params/src/initializers/orthonormal-rows.ts";
import { f32x4, i32, type ModuleBuilder, v128, wasmModule } from "../packages/wasm/src/assembler/index.ts";

/*
 * The WebAssembly that makes orthogonal matrices is kept in its binary form, so that a page that makes a
 * cell does not load the assembler. Here is its source. After a change, `vitest -u` writes the module.
 */

/** All parameters are in bytes, but for `size`. */
function emitAddProducts(builder: ModuleBuilder): void {
  const params = { x: "i32", xStride: "i32", y: "i32", yStride: "i32", size: "i32", width: "i32", out: "i32" } as const;
  builder.function("addProducts", { params, export: true }, (body, { x, xStride, y, yStride, size, width, out }) => {
    const outStride = body.let(i32.shl(size, 2));
    const end = body.let(i32.add(out, outStride));
    const xEnd = body.let(i32.add(x, width));
    const rows = [0, 1, 2, 3].map((row) => body.local("i32", `x${row}`));
    const vectors = [0, 1].map((p) => body.local("i32", `y${p}`));
    const sums = rows.map(() => vectors.map(() => body.local("v128", "sum")));
    body.repeatWhile(i32.ltU(out, end), () => {
      rows.forEach((row, r) => body.set(row, r === 0 ? x : i32.add(rows[r - 1]!, xStride)));
      body.set(vectors[0]!, y);
      body.set(vectors[1]!, i32.add(y, yStride));
      for (const sum of sums.flat()) body.set(sum, f32x4.const(0));
      body.repeatWhile(i32.ltU(rows[0]!, xEnd), () => {
        for (const offset of [0, 16]) {
          const b = vectors.map((vector) => body.let(v128.load(vector, offset)));
          rows.forEach((row, r) => {
            const a = body.let(v128.load(row, offset));
            sums[r]!.forEach((sum, p) => body.set(sum, f32x4.add(sum, f32x4.mul(a, b[p]!))));
          });
        }
        for (const pointer of [...rows, ...vectors]) body.set(pointer, i32.add(pointer, 32));
      });
      const at = body.let(out);
      sums.forEach(([first, second], r) => {
        if (r > 0) body.set(at, i32.add(at, outStride));
        const halves = body.let(
          f32x4.add(v128.shuffle32(first!, second!, [0, 1, 4, 5]), v128.shuffle32(first!, second!, [2, 3, 6, 7])),
        );
        const totals = f32x4.add(
          v128.shuffle32(halves, halves, [0, 2, 0, 2]),
          v128.shuffle32(halves, halves, [1, 3, 1, 3]),
        );
        body.do(v128.store64Lane(at, f32x4.add(v128.load64Zero(at), totals), 0));
      });
      body.set(y, i32.add(y, i32.shl(yStride, 1)));
      body.set(out, i32.add(out, 8));
    });
  });
}

/** All parameters are in bytes. */
function emitSubtractShares(builder: ModuleBuilder): void {
  const params = { x: "i32", xStride: "i32", shares: "i32", eights: "i32", size: "i32", width: "i32" } as const;
  builder.function("subtractShares", { params, export: true }, (body, { x, xStride, shares, eights, size, width }) => {
    const end = body.let(i32.add(x, width));
    const sharesEnd = body.let(i32.add(shares, size));
    const rows = [0, 1, 2, 3].map((row) => body.local("i32", `x${row}`));
    const parts = [0, 1, 2, 3].map((row) => body.local("i32", `share${row}`));
    const values = rows.map(() => [0, 16].map(() => body.local("v128", "value")));
    body.repeatWhile(i32.ltU(x, end), () => {
      rows.forEach((row, r) => {
        body.set(row, r === 0 ? x : i32.add(rows[r - 1]!, xStride));
        body.set(parts[r]!, r === 0 ? shares : i32.add(parts[r - 1]!, size));
        values[r]!.forEach((value, v) => body.set(value, v128.load(row, 16 * v)));
      });
      body.repeatWhile(i32.ltU(parts[0]!, sharesEnd), () => {
        for (const p of [0, 1]) {
          const b = [0, 16].map((offset) => body.let(v128.load(eights, 32 * p + offset)));
          parts.forEach((part, r) => {
            const share = body.let(v128.load32Splat(part, 4 * p));
            values[r]!.forEach((value, v) => body.set(value, f32x4.sub(value, f32x4.mul(share, b[v]!))));
          });
        }
        for (const part of parts) body.set(part, i32.add(part, 8));
        body.set(eights, i32.add(eights, 64));
      });
      rows.forEach((row, r) => values[r]!.forEach((value, v) => body.do(v128.store(row, value, 16 * v))));
      body.set(x, i32.add(x, 32));
    });
  });
}

test("the module that is kept is what this source gives", async () => {
  const builder = wasmModule({ memory: { initial: 1 } });
  emitAddProducts(builder);
  emitSubtractShares(builder);
  const lines = Buffer.from(builder.encode())
    .toString("base64")
    .match(/.{1,100}/g)!
    .map((line) => `  "${line}",`);
  await expect(`/** WebAssembly in base64. tests/products-module.test.ts contains its source and writes this file. */
export const productsModule = [
${lines.join("\n")}
].join("");
`).toMatchFileSnapshot("../packages/params/src/initializers/products-module.ts");
});

/** Some numbers between -2 and 2, of all signs, the same each time. */
function numbers(count: number): Float64Array {
  let state = 1;
  return Float64Array.from({ length: count }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) | 0;
    return state / 2 ** 30;
  });
}

describe("WebAssembly and plain JavaScript give the same bits", () => {
  test.each([
    [1, 1],
    [2, 3],
    [5, 5],
    [63, 65],
    [64, 64],
    [66, 259],
    [130, 130],
    [200, 600],
  ])("%i rows of %i", (count, length) => {
    const [plain, compiled] = [numbers(count * length), numbers(count * length)];
    let made = 0;
    orthonormalizeRows(plain, count, length, plainProducts);
    orthonormalizeRows(compiled, count, length, (size) => {
      const products = compiledProducts(size);
      if (products === undefined) throw new Error("There is no WebAssembly here.");
      made++;
      return products;
    });
    expect(made).toBe(1);
    expect(new BigUint64Array(compiled.buffer)).toEqual(new BigUint64Array(plain.buffer));
  });
});

test("where WebAssembly is missing or forbidden, plain JavaScript takes over", () => {
  const [usual, without] = [numbers(256 * 256), numbers(256 * 256)];
  orthonormalizeRows(usual, 256, 256);
  const kept = WebAssembly.Module;
  WebAssembly.Module = class extends kept {
    constructor() {
      throw new WebAssembly.CompileError("unsafe-eval is not allowed");
      super(new Uint8Array());
    }
  };
  try {
    expect(compiledProducts(16)).toBeUndefined();
    orthonormalizeRows(without, 256, 256);
  } finally {
    WebAssembly.Module = kept;
  }
  expect(without).toEqual(usual);
});
