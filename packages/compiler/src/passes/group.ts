import { add, concat, matmul, programOf, sliceAxis, type Program, type Tensor } from "@sluice/tensor";
import {
  applyScan,
  input,
  isNodeOf,
  lookUp,
  nth,
  splitScan,
  zip,
  type Node,
  type ScanOperation,
  type SymbolTensor,
} from "@sluice/tensor/internal";
import { TensorMap } from "../program/tensor-map.ts";
import { rewrite, rewriteScans } from "./rewrite.ts";
import { countUses } from "./uses.ts";

/**
 * Group: in a loop, products of one value with several matrices that are the same in every step become one product with
 * the matrices side by side. A sum of such products becomes one product of the values side by side. A cell whose gates
 * have a matrix each then runs like one whose gates share a matrix.
 */
export function group(program: Program): Program {
  return rewriteScans(program, (operation, inputs) => {
    const shared = groupScan(operation, inputs, sharedOperands);
    const next = shared ?? { operation, inputs };
    const summed = groupScan(next.operation, next.inputs, sums);
    const result = summed ?? shared;
    return result && applyScan(result.operation, result.inputs);
  });
}

interface Scan {
  readonly operation: ScanOperation;
  readonly inputs: readonly Tensor[];
}

/** Products that become one. Their matrices are captures; they are joined along `axis` outside the loop. */
interface Group {
  readonly matrices: readonly SymbolTensor[];
  readonly axis: 0 | 1;
}

/** Finds groups in a body and returns the replacements of their nodes, given the joined matrix of each group. */
type Grouping = (
  body: Program,
  captures: readonly SymbolTensor[],
) => {
  groups: readonly Group[];
  replace: (node: Node, inputs: readonly Tensor[], joined: readonly Tensor[]) => readonly Tensor[] | undefined;
};

function groupScan(operation: ScanOperation, inputs: readonly Tensor[], grouping: Grouping): Scan | undefined {
  const { body } = operation;
  const inner = splitScan(operation, body.inputs);
  const outer = splitScan(operation, inputs);
  const { groups, replace } = grouping(body, inner.captures);
  if (groups.length === 0) return undefined;
  const given = new Map(zip(inner.captures, outer.captures));
  const outside = groups.map(({ matrices, axis }) =>
    concat(
      matrices.map((b) => lookUp(given, b, "group: a matrix that is not a capture")),
      axis,
    ),
  );
  const joined = outside.map((matrix) => input(matrix, "grouped"));
  const opened: Program = { ...body, inputs: [...inner.captures, ...joined, ...inner.states, ...inner.sequences] };
  const grouped = rewrite(opened, (node, operands) => replace(node, operands, joined));
  return {
    operation: {
      ...operation,
      body: programOf(opened.inputs, grouped.outputs),
      captures: operation.captures + joined.length,
    },
    inputs: [...outer.captures, ...outside, ...outer.states, ...outer.sequences],
  };
}

function capturesByTensor(captures: readonly SymbolTensor[]): TensorMap<SymbolTensor> {
  const map = new TensorMap<SymbolTensor>();
  for (const x of captures) map.set(x, x);
  return map;
}

function factorsOf(
  node: Node,
  captures: TensorMap<SymbolTensor>,
): { readonly a: Tensor; readonly b: SymbolTensor } | undefined {
  if (!isNodeOf(node, "matmul")) return undefined;
  const [a, b] = node.inputs;
  if (b.kind !== "symbol" || b.shape.length !== 2) return undefined;
  const capture = captures.get(b);
  return capture && { a, b: capture };
}

const sharedOperands: Grouping = (body, captures) => {
  const groups: { members: Node[]; matrices: SymbolTensor[]; axis: 1 }[] = [];
  const ofSymbol = new TensorMap<(typeof groups)[number]>();
  const matricesOf = capturesByTensor(captures);
  for (const node of body.nodes) {
    const factors = factorsOf(node, matricesOf);
    if (factors === undefined || factors.a.kind === "array") continue;
    const known = ofSymbol.get(factors.a);
    if (known === undefined) {
      const group = { members: [node], matrices: [factors.b], axis: 1 as const };
      groups.push(group);
      ofSymbol.set(factors.a, group);
    } else {
      known.members.push(node);
      known.matrices.push(factors.b);
    }
  }
  const several = groups.filter(({ members }) => members.length > 1);
  const places = new Map<Node, { readonly at: number; readonly start: number; readonly stop: number }>();
  several.forEach(({ members, matrices }, at) => {
    let start = 0;
    for (const [node, matrix] of zip(members, matrices)) {
      const columns = nth(matrix.shape, 1);
      places.set(node, { at, start, stop: start + columns });
      start += columns;
    }
  });
  const products = several.map((): Tensor | undefined => undefined);
  return {
    groups: several,
    replace(node, inputs, joined) {
      const place = places.get(node);
      if (place === undefined) return undefined;
      const { at, start, stop } = place;
      const product = (products[at] ??= matmul(nth(inputs, 0), nth(joined, at)));
      return [sliceAxis(product, 1, start, stop)];
    },
  };
};

/** A term of a sum, and the addition that reads it, whose operands after rewriting are known. */
interface Term {
  readonly x: Tensor;
  readonly parent: Node;
  readonly index: number;
}

const sums: Grouping = (body, captures) => {
  const uses = countUses(body);
  const matricesOf = capturesByTensor(captures);
  const once = (x: Tensor): x is SymbolTensor => x.kind === "symbol" && uses.get(x.node) === 1;
  const isAdd = (node: Node): boolean => node.operation.op === "add";
  const inner = new Set(
    body.nodes.filter(isAdd).flatMap((node) =>
      node.inputs
        .filter(once)
        .map((x) => x.node)
        .filter(isAdd),
    ),
  );
  const found = body.nodes.flatMap((node) => {
    if (!isAdd(node) || inner.has(node)) return [];
    const all = terms(node).map((term) => ({
      ...term,
      factors: once(term.x) ? factorsOf(term.x.node, matricesOf) : undefined,
    }));
    const products = all.flatMap(({ x, factors }) => (factors === undefined ? [] : [{ x, ...factors }]));
    if (products.length < 2) return [];
    return [
      [
        node,
        {
          products,
          others: all.filter(({ factors }) => factors === undefined),
          matrices: products.map(({ b }) => b),
          axis: 0 as const,
        },
      ] as const,
    ];
  });
  const sumAt = new Map(found.map(([node], i) => [node, i]));
  const rewritten = new Map<Node, readonly Tensor[]>();
  return {
    groups: found.map(([, sum]) => sum),
    replace(node, inputs, joined) {
      rewritten.set(node, inputs);
      const at = sumAt.get(node);
      if (at === undefined) return undefined;
      const [, { products, others }] = nth(found, at);
      // Operands after rewriting: the products' operands are found where the products were.
      const operandOf = (of: Node, index: number): Tensor =>
        nth(lookUp(rewritten, of, "group: a sum is rewritten before its terms"), index);
      const left = products.map(({ x }) => (x.kind === "symbol" ? operandOf(x.node, 0) : x));
      const product = matmul(concat(left, 1), nth(joined, at));
      return [others.reduce((sum, { parent, index }) => add(sum, operandOf(parent, index)), product)];
    },
  };

  /** The terms of a sum in order. */
  function terms(sum: Node): Term[] {
    const result: Term[] = [];
    const of = (parent: Node): Term[] => parent.inputs.map((x, index) => ({ x, parent, index })).toReversed();
    const stack = of(sum);
    for (let term = stack.pop(); term !== undefined; term = stack.pop()) {
      if (once(term.x) && isAdd(term.x.node)) stack.push(...of(term.x.node));
      else result.push(term);
    }
    return result;
  }
};
