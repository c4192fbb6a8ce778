import { attentionWeights } from "@sluice/cells";
import type { Initializer } from "@sluice/params";
import { add, and, matmul, reshape, TensorError, type Tensor } from "@sluice/tensor";
import { checkOptions, suggestion } from "@sluice/tensor/internal";
import { defineFusion, timeOf } from "../define-fusion.ts";
import type { Fusion } from "../fusion.ts";
import { checkSize, pairOf, sequenceInputs } from "../inputs.ts";
import { matrices } from "../matrices.ts";

/** Options of {@link nonLocalGate}. */
export interface NonLocalGateOptions<M extends string> {
  /** The two sequences, and the width of each. */
  readonly inputs: Readonly<Record<M, number>>;
  /** The sequence that reads the other one. The output has its steps. */
  readonly query: NoInfer<M>;
  /** Width of the output. */
  readonly output: number;
  /** The initializer of all matrices. Default glorotUniform. */
  readonly kernelInitializer?: Initializer;
}

/** Wq `[width of the queries, output]`, Wk and Wv `[width of the keys, output]`. */
export type NonLocalGateParams = { readonly Wq: Tensor; readonly Wk: Tensor; readonly Wv: Tensor };

/**
 * Non-local gate (Wang, Tran, Feiszli 2020, arXiv:1905.12681, as in MultiBench; the embedded Gaussian of the non-local
 * networks of Wang et al. 2018, arXiv:1711.07971). Each step of modality a adds to itself what it finds in b:
 *
 *     Q = x_a Wq,   K = x_b Wk,   V = x_b Wv
 *     h = Q + softmax(Q K^T) V                           [batch, steps of a, output]
 *
 * The scores are not divided by sqrt(output), unlike those of {@link crossAttention}. Keys beyond the lengths of b, and
 * missing ones, have the weight 0: without any key, h is Q. The output of a query that is missing or beyond the lengths
 * of a is 0. Trace: weights, `[batch, steps of a, steps of b]`.
 */
export function nonLocalGate<M extends string>(options: NonLocalGateOptions<M>): Fusion<NonLocalGateParams, M>;
export function nonLocalGate(options: NonLocalGateOptions<string>): Fusion<NonLocalGateParams> {
  checkOptions("nonLocalGate", options, ["inputs", "query", "output", "kernelInitializer"], {
    hidden: "output",
    units: "output",
    features: "output",
    target: "query",
  });
  const { query, output, kernelInitializer } = options;
  const inputs = sequenceInputs("nonLocalGate", options.inputs);
  const names = pairOf("nonLocalGate", inputs);
  const source = names.find((name) => name !== query);
  if (!names.includes(query) || source === undefined)
    throw new TensorError(`nonLocalGate: unknown query ${String(query)}; ${suggestion(String(query), names)}`);
  checkSize("nonLocalGate", "output", output);
  const matrix = matrices(kernelInitializer);
  const [a, b] = [inputs[query]!.width, inputs[source]!.width];
  return defineFusion({
    name: "nonLocalGate",
    inputs,
    features: output,
    params: { Wq: matrix([a, output]), Wk: matrix([b, output]), Wv: matrix([b, output]) },
    outputShape: (size) => [size.batch, timeOf("nonLocalGate", query, size), output],
    fuse({ Wq, Wk, Wv }, modalities, { trace }) {
      const [queries, keys] = [modalities[query]!, modalities[source]!];
      const Q = matmul(queries.x, Wq);
      const masks = [
        ...(queries.present ? [queries.present] : []),
        ...(keys.present ? [reshape(keys.present, [keys.present.shape[0] ?? 1, 1, keys.present.shape[1] ?? 1])] : []),
      ];
      const mask = masks.length === 0 ? undefined : masks.reduce(and);
      const weights = trace("weights", attentionWeights(Q, matmul(keys.x, Wk), mask, { scale: 1 }));
      return {
        output: add(Q, matmul(weights, matmul(keys.x, Wv))),
        ...(queries.lengths && { lengths: queries.lengths }),
        ...(queries.times && { times: queries.times }),
      };
    },
  });
}
