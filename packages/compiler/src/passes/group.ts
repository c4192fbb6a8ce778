import { add, applyScan, concat, input, matmul, programOf, sliceAxis, splitScan, type Node, type Program, type ScanOperation, type SymbolTensor, type Tensor } from "@sluice/tensor";
import { sameTensor } from "../plan/tensor-map.ts";
import { rewrite, rewriteScans } from "./rewrite.ts";
import { countUses } from "./uses.ts";

/**
 * Group: in a loop, products of one value with several matrices that are the same in every step become one product with the matrices side by side, and a sum of
 * such products becomes one product of the values side by side. A cell whose gates have a matrix each runs like one whose gates share a matrix.
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

/** Products that become one: their matrices are captures, joined along `axis` outside the loop. */
interface Group {
  readonly matrices: readonly SymbolTensor[];
  readonly axis: 0 | 1;
}

/** Finds groups in a body and says what takes the place of their nodes, given the joined matrix of each. */
type Grouping = (body: Program, captures: readonly SymbolTensor[]) => { groups: readonly Group[]; replace: (node: Node, inputs: readonly Tensor[], joined: readonly Tensor[]) => readonly Tensor[] | undefined };

function groupScan(operation: ScanOperation, inputs: readonly Tensor[], grouping: Grouping): Scan | undefined {
  const { body } = operation;
  const inner = splitScan(operation, body.inputs);
  const outer = splitScan(operation, inputs);
  const { groups, replace } = grouping(body, inner.captures);
  if (groups.length === 0) return undefined;
  const outside = groups.map(({ matrices, axis }) => concat(matrices.map((b) => outer.captures[inner.captures.indexOf(b)]!), axis));
  const joined = outside.map((matrix) => input(matrix, "grouped"));
  const opened: Program = { ...body, inputs: [...inner.captures, ...joined, ...inner.states, ...inner.sequences] };
  const grouped = rewrite(opened, (node, given) => replace(node, given, joined));
  return {
    operation: { ...operation, body: programOf(opened.inputs, grouped.outputs), captures: operation.captures + joined.length },
    inputs: [...outer.captures, ...outside, ...outer.states, ...outer.sequences],
  };
}

function factorsOf(node: Node, captures: readonly SymbolTensor[]): { readonly a: Tensor; readonly b: SymbolTensor } | undefined {
  if (node.operation.op !== "matmul") return undefined;
  const [a, b] = node.inputs;
  if (b?.kind !== "symbol" || b.shape.length !== 2) return undefined;
  const capture = captures.find((x) => sameTensor(x, b));
  return capture && { a: a!, b: capture };
}

const sharedOperands: Grouping = (body, captures) => {
  const groups: { a: Tensor; members: Node[]; matrices: SymbolTensor[]; axis: 1 }[] = [];
  for (const node of body.nodes) {
    const factors = factorsOf(node, captures);
    if (factors === undefined) continue;
    const known = groups.find(({ a }) => sameTensor(a, factors.a));
    if (known === undefined) groups.push({ a: factors.a, members: [node], matrices: [factors.b], axis: 1 });
    else {
      known.members.push(node);
      known.matrices.push(factors.b);
    }
  }
  const several = groups.filter(({ members }) => members.length > 1);
  const products = several.map((): Tensor | undefined => undefined);
  return {
    groups: several,
    replace(node, [a], joined) {
      const at = several.findIndex(({ members }) => members.includes(node));
      if (at < 0) return undefined;
      const product = (products[at] ??= matmul(a!, joined[at]!));
      const { members, matrices } = several[at]!;
      const start = matrices.slice(0, members.indexOf(node)).reduce((sum, b) => sum + b.shape[1]!, 0);
      return [sliceAxis(product, 1, start, start + node.outputs[0]!.shape[1]!)];
    },
  };
};

const sums: Grouping = (body, captures) => {
  const uses = countUses(body);
  const once = (x: Tensor): x is SymbolTensor => x.kind === "symbol" && uses.get(x.node) === 1;
  const isAdd = (node: Node): boolean => node.operation.op === "add";
  const inner = new Set(body.nodes.filter(isAdd).flatMap((node) => node.inputs.filter(once).map((x) => x.node).filter(isAdd)));
  const terms = (x: Tensor): Tensor[] => (once(x) && isAdd(x.node) ? x.node.inputs.flatMap(terms) : [x]);
  const found = body.nodes.flatMap((node) => {
    if (!isAdd(node) || inner.has(node)) return [];
    const all = node.inputs.flatMap(terms);
    const products = all.flatMap((x) => {
      const factors = once(x) ? factorsOf(x.node, captures) : undefined;
      return factors === undefined ? [] : [{ x, ...factors }];
    });
    if (products.length < 2) return [];
    return [{ node, products, others: all.filter((x) => !products.some((product) => product.x === x)), matrices: products.map(({ b }) => b), axis: 0 as const }];
  });
  const rewritten = new Map<Node, readonly Tensor[]>();
  return {
    groups: found,
    replace(node, inputs, joined) {
      rewritten.set(node, inputs);
      const at = found.findIndex((sum) => sum.node === node);
      if (at < 0) return undefined;
      const { products, others } = found[at]!;
      // Operands as they are after rewriting: those of products are found where the products were.
      const left = products.map(({ x }) => (x.kind === "symbol" ? rewritten.get(x.node)![0]! : x));
      const product = matmul(concat(left, 1), joined[at]!);
      return [others.reduce((sum, x) => add(sum, operand(x, node, inputs)), product)];
    },
  };

  /** A term of a sum after rewriting: found along the additions that lead to it. */
  function operand(x: Tensor, node: Node, inputs: readonly Tensor[]): Tensor {
    const at = node.inputs.findIndex((y) => y === x);
    if (at >= 0) return inputs[at]!;
    for (const y of node.inputs) {
      if (y.kind === "symbol" && isAdd(y.node) && terms(y).includes(x)) return operand(x, y.node, rewritten.get(y.node)!);
    }
    return x;
  }
};
