/** A definition together with everything needed to make a cell from it. */
import type { NormalizedPart, Normalizer } from "@sluice/norm";
import type { BufferSpecs } from "@sluice/params";
import type { Tensor, Tree } from "@sluice/tensor";
import type { Cell, CellSizes, Stepped } from "../cell/cell.ts";
import type { Extras, InputSpec } from "../cell/inputs.ts";
import type { Recurrence } from "../cell/recurrence.ts";
import type { State, States } from "../cell/states.ts";
import type { CellOptions } from "./cell-options.ts";
import type { NamedBuffers, NamedSpecs } from "./definition.ts";
import type { Inner } from "./inner-cells.ts";
import type { StepContext } from "./step-context.ts";

/** A definition whose names TypeScript does not know. */
export interface AnyDefinition {
  readonly name: string;
  readonly options?: object;
  readonly input?: (sizes: CellSizes) => NonNullable<Cell["input"]>;
  readonly extra?: (sizes: CellSizes) => Extras;
  readonly withoutNorm?: string;
  readonly cells?: (sizes: CellSizes, options: object, given: { readonly norm: Normalizer | undefined }) => Inner;
  readonly params: (sizes: CellSizes, options: object) => NamedSpecs;
  readonly state: (sizes: CellSizes, options: object) => States;
  readonly buffers?: (sizes: CellSizes, options: object) => NamedBuffers;
  readonly stepIndex?: boolean;
  step(params: Named, state: State, x: Tensor, context: AnyContext): Stepped;
  update?(
    buffers: Readonly<Record<string, Tensor>>,
    observed: Readonly<Record<string, Tensor>>,
    options: object,
  ): Readonly<Record<string, Tensor>>;
  /** The recurrence that the step is made of, where it is associative and can be run so. */
  recurrence?(made: Made): Omit<Recurrence, "step"> | undefined;
}

export type Named = Readonly<Record<string, Tree>>;

export type AnyContext = StepContext<Readonly<Record<string, Tensor>>, Inner, Readonly<Record<string, Tensor>>> & {
  readonly stepIndex?: Tensor;
  /** The inputs of the steps before, of an associative cell that reads them. */
  readonly past?: Tensor;
};

/** A definition with everything needed to make a cell from it. */
export interface Made {
  readonly definition: AnyDefinition;
  readonly name: string;
  readonly sizes: CellSizes;
  readonly options: object;
  readonly given: CellOptions;
  readonly cells: Inner;
  /** Whether the definition gives its inner cells the normalizer. */
  readonly passesNorm: boolean;
  readonly input: Required<InputSpec>;
  readonly extra: Extras;
  /** The definition's own parameters. */
  readonly own: NamedSpecs;
  /** The definition's own parameters, the inner cells' and the normalizer's. */
  readonly params: NamedSpecs;
  readonly state: States;
  /**
   * The kinds of the normalized tensors, by place and part, as a run of the step on symbols found them: arrays do not
   * tell what they are slices of. Undefined before that run, and without a normalizer.
   */
  readonly kinds?: Readonly<Record<string, Readonly<Record<string, NormalizedPart>>>>;
  /** As the parameters. */
  readonly buffers: Readonly<Record<string, BufferSpecs>>;
}
