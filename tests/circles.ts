/**
 * The cycles of a graph, given by the successors of each node: strongly connected components of more than one node, and
 * nodes that lead to themselves, sorted by name. By Tarjan (1972), without recursion, since chains of imports are long.
 */
export function circles(graph: ReadonlyMap<string, readonly string[]>): string[][] {
  const index = new Map<string, number>();
  const low = new Map<string, number>();
  const stack: string[] = [];
  const onStack = new Set<string>();
  const found: string[][] = [];
  const lower = (node: string, to: number): unknown => low.set(node, Math.min(low.get(node) ?? to, to));

  const enter = (node: string): { node: string; rest: Iterator<string> } => {
    index.set(node, index.size);
    lower(node, index.size - 1);
    stack.push(node);
    onStack.add(node);
    return { node, rest: (graph.get(node) ?? [])[Symbol.iterator]() };
  };
  const leave = (node: string): void => {
    if (low.get(node) !== index.get(node)) return;
    const part = stack.splice(stack.indexOf(node));
    for (const member of part) onStack.delete(member);
    if (part.length > 1 || graph.get(node)?.includes(node)) found.push(part.sort());
  };

  for (const start of [...graph.keys()].sort()) {
    if (index.has(start)) continue;
    const path = [enter(start)];
    for (let frame = path.at(-1); frame !== undefined; frame = path.at(-1)) {
      const { value: next, done } = frame.rest.next();
      if (done === true) {
        path.pop();
        leave(frame.node);
        const below = path.at(-1);
        if (below !== undefined) lower(below.node, low.get(frame.node) ?? 0);
      } else if (!index.has(next)) path.push(enter(next));
      else if (onStack.has(next)) lower(frame.node, index.get(next) ?? 0);
    }
  }
  return found.sort();
}
