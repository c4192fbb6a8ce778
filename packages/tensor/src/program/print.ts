import { zip } from "../lists.ts";
import type { Node } from "../node.ts";
import type { Operation } from "../primitives/operation.ts";
import { showShape, sizeOf } from "../shape.ts";
import type { Tensor } from "../tensor.ts";
import type { Program } from "./program.ts";

/**
 * A program as text, one operation per line, with indented loop bodies. `DEBUG=sluice:program` prints it and tests of
 * passes compare it.
 */
export function print(program: Program): string {
  return lines(program, { next: 0 }).join("\n");
}

function lines(program: Program, counter: { next: number }): string[] {
  const names = new Map<Node, string[]>();
  const nameOf = (x: Tensor): string => {
    if (x.kind === "symbol") return names.get(x.node)?.[x.index] ?? "?";
    return sizeOf(x.shape) === 1 ? String(x.data[0]) : `constant${showShape(x.shape)}`;
  };
  const declare = (node: Node, label: string): string[] => {
    const given = node.outputs.map(() => `${label}%${counter.next++}`);
    names.set(node, given);
    return given;
  };
  const typed = (name: string, { shape, dtype }: { shape: readonly number[]; dtype: string }): string =>
    `${name}: ${dtype}${showShape(shape)}`;
  const inputs = program.inputs.map((x) => {
    const [name] = declare(x.node, x.node.operation.op === "input" ? x.node.operation.label : "");
    return typed(name ?? "?", x);
  });
  const body = program.nodes.flatMap((node) => {
    const given = declare(node, node.operation.op === "name" ? node.operation.label : "");
    const left = zip(given, node.outputs)
      .map(([name, type]) => typed(name, type))
      .join(", ");
    const call = `${left} = ${node.operation.op}(${node.inputs.map(nameOf).join(", ")})${attributes(node.operation)}`;
    const nested = "body" in node.operation ? lines(node.operation.body, counter) : [];
    return [call, ...nested].map((line) => `  ${line}`);
  });
  return [`(${inputs.join(", ")}) {`, ...body, `  return ${program.outputs.map(nameOf).join(", ")}`, "}"];
}

function attributes(operation: Operation): string {
  const shown = Object.entries(operation)
    .filter(([key]) => key !== "op" && key !== "body" && key !== "shape" && key !== "label")
    .map(([key, value]) => `${key}=${Array.isArray(value) ? `[${value.join(",")}]` : String(value)}`);
  return shown.length > 0 ? ` {${shown.join(" ")}}` : "";
}
