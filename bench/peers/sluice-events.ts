import { toPyTorch } from "@sluice/exchange";
import { compile, grad, mul, sum, type ArrayTensor, type Backend, type Tensor, type Tree } from "@sluice/tensor";
import { part, under, type Named } from "../data.ts";
import { eventsLayer, eventsWeights, type EventsCase } from "../events.ts";
import type { Work } from "./work.ts";

type Inputs = [params: Tree, x: Tensor, g: Tensor, lengths: Tensor, extra: Readonly<Record<string, Tensor>>];

/** Forward and backward over rows of events: the gradients of the parameters. */
export async function overEvents(of: EventsCase, data: Named, backend: Backend): Promise<Work> {
  const layer = eventsLayer(of);
  const { x, g, lengths } = data as { x: ArrayTensor; g: ArrayTensor; lengths: ArrayTensor };
  const inputs: Inputs = [eventsWeights(of), x, g, lengths, of.cell === "gruD" ? part(data, "extra") : {}];
  const backward = await compile(
    (params: Tree, ...[x, g, lengths, extra]: [Tensor, Tensor, Tensor, Inputs[4]]): Tree =>
      grad((at: Tree) => {
        const { output } = layer.apply(at, x, { extra, ...(of.rows === "padded" ? {} : { lengths }) });
        return sum(mul(output, g));
      })(params),
    inputs,
    { backend },
  );
  return {
    plannedBytes: backward.statistics.bytes,
    run: () => backward(...inputs),
    close: () => backward.dispose(),
    async results() {
      const gradient = await backward(...inputs);
      return under("grad", of.cell === "gruD" ? (gradient as Record<string, Tensor>) : toPyTorch(layer, gradient));
    },
  };
}
