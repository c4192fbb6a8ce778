import { principalComponents, type FixedPoint } from "@sluice/inspect";
import { fixedPointFigure } from "@sluice/inspect/figures";
import type { TrialContext } from "@sluice/study";
import { valuesOf } from "@sluice/tensor";
import { ofIndex, type Found } from "./points.ts";

/** The eigenvalues shown of each point: so many of the largest. */
const shown = 8;

/** The numbers of points by index and the moduli of their eigenvalues as series, and the points as a figure in a file. */
export async function recordPoints(
  context: Pick<TrialContext, "series" | "file">,
  { fixed, slow, visited }: Found,
  bits: number,
): Promise<void> {
  const indices = Array.from({ length: bits + 1 }, (_, index) => index);
  context.series("points-by-index", {
    title: "Fixed points by their number of unstable directions",
    x: { label: "unstable directions", values: indices },
    y: { label: "fixed points" },
    lines: { "without input": indices.map((index) => ofIndex(fixed, index).length) },
  });
  context.series("eigenvalues", {
    title: "Eigenvalues at the fixed points, a mean over points of one kind",
    x: { label: "rank of the eigenvalue", values: Array.from({ length: shown }, (_, rank) => rank + 1) },
    y: { label: "modulus" },
    lines: {
      "stable points": meanModuli(ofIndex(fixed, 0)),
      "saddles of index 1": meanModuli(ofIndex(fixed, 1)),
    },
  });
  const components = principalComponents(visited);
  const title = "Fixed points without input, and states of test sequences";
  const figure = fixedPointFigure({ fixed, slow, components, trajectories: visited }, { title, rows: 10 });
  await context.file("fixed-points.svg", new TextEncoder().encode(figure));
}

/** The mean modulus of the eigenvalues of each rank; NaN without points. */
function meanModuli(points: readonly FixedPoint[]): number[] {
  const moduli = points.map(({ eigenvalues: { real, imaginary } }) => {
    const im = valuesOf(imaginary);
    return Array.from(valuesOf(real), (re, i) => Math.sqrt(re * re + (im[i] ?? 0) * (im[i] ?? 0)));
  });
  return Array.from(
    { length: shown },
    (_, rank) => moduli.reduce((sum, own) => sum + (own[rank] ?? 0), 0) / moduli.length,
  );
}
