import { dense, gru, sequence, sequential } from "@sluice/cells";
import { adding } from "@sluice/data";
import { lineFigure } from "@sluice/figures";
import { gatesOverTime, gradientFlow, saturation } from "@sluice/inspect";
import { gateFigure, gradientFlowFigure, saturationFigure } from "@sluice/inspect/figures";
import { mean, square, sub } from "@sluice/tensor";
import { adam, mse } from "@sluice/train";
import { fit } from "@sluice/trials";

/** Trains a GRU to add two marked numbers, and returns a page of figures of what it does. */
export async function inside({ epochs = 8, time = 30 } = {}): Promise<string> {
  const model = sequential([
    sequence(gru({ input: 2, hidden: 16 }), { outputs: "last" }),
    dense({ input: 16, output: 1 }),
  ]);
  const data = adding({ time, train: 640, validation: 128, test: 64 });
  const { params, history } = await fit(model, data, { loss: mse, optimizer: adam({ learningRate: 1e-2 }), epochs });

  const curve = lineFigure(
    {
      x: { label: "step", values: history.map(({ step }) => step) },
      y: { label: "mean squared error", log: true },
      lines: { validation: history.map(({ validation }) => validation?.loss ?? Number.NaN) },
      levels: { "always answering 1": 1 / 6 },
    },
    { title: "Training" },
  );

  const { x, y } = data.test;
  const [batch = 0] = x.shape;
  type Perturbations = ReturnType<typeof model.perturbations>;
  const loss = (perturbations: Perturbations) => mean(square(sub(model.apply(params, x, { perturbations }).output, y)));
  const flow = gradientFlowFigure(gradientFlow(loss, model.perturbations({ batch, time }))[0], {
    title: "How far back the gradient reaches",
  });

  const { traces } = model.apply(params, x, { traces: true });
  // The candidate is a tanh, which is not closed at 0.
  const opening = Object.fromEntries(Object.entries(traces).filter(([name]) => !name.endsWith("candidate")));
  const gates = gateFigure(gatesOverTime(opening), { title: "Gates over time" });
  const units = saturationFigure(
    Object.fromEntries(Object.entries(opening).map(([name, trace]) => [name, saturation(trace)])),
    { title: "Saturation of each unit" },
  );
  return page("Inside a GRU that adds", [curve, flow, gates, units]);
}

function page(title: string, figures: readonly string[]): string {
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${title}</title>
<style>
:root { color-scheme: light dark; }
body { margin: 2rem auto; max-width: 56rem; padding: 0 1rem; font: 16px/1.5 system-ui, sans-serif; }
figure { margin: 0 0 2rem; }
</style>
<h1>${title}</h1>
${figures.map((figure) => `<figure>${figure}</figure>`).join("\n")}
</html>
`;
}
