import { programOf, type Program, type Tensor } from "@sluice/tensor";
import { isArray, replaceNodes, sizeOf, symbolsOf, type Node } from "@sluice/tensor/internal";

/**
 * Merge: a single number that the program computes twice from the same tensors is computed once. A training step needs
 * the norm of its gradients for its report, its clipper and the check for divergence. Larger values are not merged:
 * they may be repeated on purpose, to save memory.
 */
export function merge(program: Program): Program {
  const numberOf = numbering();
  const first = new Map<number, Node>();
  const again = new Map<Node, readonly Tensor[]>();
  for (const node of program.nodes) {
    const number = numberOf(node);
    const found = first.get(number);
    if (found === undefined) first.set(number, node);
    else if (node.outputs.every(({ shape }) => sizeOf(shape) === 1)) again.set(node, symbolsOf(found));
  }
  return again.size === 0 ? program : programOf(program.inputs, replaceNodes(program.outputs, again));
}

/** Numbers for nodes, in program order. They are equal if the same operations are applied to the same tensors. */
function numbering(): (node: Node) => number {
  const byKey = new Map<string, number>();
  const byNode = new Map<Node, number>();
  const arrays = new Map<Tensor, number>();
  const numberOf = (node: Node): number => {
    const known = byNode.get(node);
    if (known !== undefined) return known;
    const { operation } = node;
    // An operation that contains a program, such as a loop, equals only itself, and so does an input.
    const own = "body" in operation || operation.op === "input";
    const key = own ? `node ${byNode.size}` : `${JSON.stringify(operation)} ${node.inputs.map(ofTensor).join(" ")}`;
    const number = byKey.get(key) ?? byKey.size;
    byKey.set(key, number);
    byNode.set(node, number);
    return number;
  };
  const ofTensor = (x: Tensor): string => {
    // Inputs are not nodes of the program and have no number yet.
    if (!isArray(x)) return `${numberOf(x.node)}.${x.index}`;
    if (x.uniform !== undefined) return `${x.dtype}[${x.shape.join()}] ${Object.is(x.uniform, -0) ? "-0" : x.uniform}`;
    const known = arrays.get(x) ?? arrays.size;
    arrays.set(x, known);
    return `array ${known}`;
  };
  return numberOf;
}
