import { programOf, type Program, type Tensor } from "@sluice/tensor";
import { apply, symbolsOf, type Node, type ScanOperation } from "@sluice/tensor/internal";

/** The replacement of a node, given its rewritten inputs; undefined to keep the node. */
export type RewriteNode = (node: Node, inputs: readonly Tensor[]) => readonly Tensor[] | undefined;

/** Rebuilds a program node by node. Nodes that the new outputs do not need disappear. */
export function rewrite(program: Program, replace: RewriteNode): Program {
  const values = new Map<Node, readonly Tensor[]>();
  const get = (x: Tensor): Tensor => (x.kind === "symbol" ? (values.get(x.node)?.[x.index] ?? x) : x);
  for (const node of program.nodes) {
    const inputs = node.inputs.map(get);
    const kept = (): readonly Tensor[] =>
      inputs.every((x, i) => x === node.inputs[i]) ? symbolsOf(node) : apply(node.rules, node.operation, inputs);
    values.set(node, replace(node, inputs) ?? kept());
  }
  return programOf(program.inputs, program.outputs.map(get));
}

/** Applies a pass to the bodies of all scans (innermost first), then `replace` to the scans of the program itself. */
export function rewriteScans(
  program: Program,
  replace: (operation: ScanOperation, inputs: readonly Tensor[], node: Node) => readonly Tensor[] | undefined,
): Program {
  return rewrite(program, (node, inputs) => {
    if (node.operation.op !== "scan") return undefined;
    const body = rewriteScans(node.operation.body, replace);
    const operation = body === node.operation.body ? node.operation : { ...node.operation, body };
    return (
      replace(operation, inputs, node) ??
      (operation === node.operation ? undefined : apply(node.rules, operation, inputs))
    );
  });
}
