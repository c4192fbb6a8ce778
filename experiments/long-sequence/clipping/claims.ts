import { alike, better, type Claim } from "@sluice/study";

const titles = { explodes: "Where the gradient explodes", vanishes: "Where the gradient vanishes" } as const;
type Task = keyof typeof titles;

const moreAccurate = (task: Task, variant: string, than: string, what: string): Claim => ({
  text: `${titles[task]}, ${what}.`,
  kind: "own",
  test: better({ task, metric: "accuracy", variant, than }),
});

export const claims: readonly Claim[] = [
  moreAccurate(
    "explodes",
    "global norm",
    "none",
    "clipping the global norm gives a higher accuracy than no clipping (asked after Pascanu et al. 2013)",
  ),
  moreAccurate(
    "explodes",
    "value",
    "none",
    "clipping each element gives a higher accuracy than no clipping (asked after Mikolov 2012)",
  ),
  moreAccurate(
    "explodes",
    "normalized",
    "none",
    "dividing the gradient by its norm gives a higher accuracy than no clipping (asked after Hazan et al. 2015)",
  ),
  moreAccurate(
    "explodes",
    "layer norm",
    "global norm",
    "layer normalization gives a higher accuracy than clipping the global norm",
  ),
  {
    text: `${titles.vanishes}, clipping the global norm changes the accuracy by less than 2 %: a gradient cannot be clipped to be larger.`,
    kind: "own",
    test: alike({ task: "vanishes", metric: "accuracy", variant: "global norm", than: "none", within: 2 }),
  },
  moreAccurate(
    "vanishes",
    "layer norm",
    "none",
    "layer normalization gives a higher accuracy than none (asked after Ba et al. 2016)",
  ),
  moreAccurate(
    "vanishes",
    "batch norm",
    "none",
    "batch normalization gives a higher accuracy than none (asked after Cooijmans et al. 2017)",
  ),
  {
    text: `${titles.vanishes}, layer normalization lengthens the horizon of dL/dhₜ before training.`,
    kind: "own",
    test: better({ task: "vanishes", metric: "startHorizon", variant: "layer norm", than: "none" }),
  },
];
