import { number, type Cells } from "./layout.ts";
import type { Row } from "./measure.ts";
import { isSoftware, type RuntimeResult } from "./runtimes.ts";

/**
 * The table's columns. Each peer has its time and its ratio, the peer's time divided by Sluice's: above 1, Sluice is
 * faster.
 */
export function columns(peers: readonly string[]): Cells {
  return [
    "case",
    "threads",
    "ms",
    "GFLOP/s",
    "of peak",
    "products",
    "compile ms",
    ...peers.flatMap((peer) => [peer, "ratio"]),
  ];
}

export function cellsOf(
  { case: of, ms, gflops, peak, products, compileMilliseconds, errors }: Row,
  peers: readonly string[],
): Cells {
  const own = ms["sluice"];
  const first = [`${of.kind} ${of.name}`, String(of.threads)];
  const ours = own === undefined ? ["error", "", ""] : [number(own), number(gflops), percent(gflops / peak)];
  const more = [
    products === undefined ? "" : percent(products / peak),
    compileMilliseconds === undefined ? "" : compileMilliseconds.toFixed(0),
  ];
  return [
    ...first,
    ...ours,
    ...more,
    ...peers.flatMap((peer) => [
      peer in errors ? "error" : ms[peer] === undefined ? "" : number(ms[peer]),
      ms[peer] === undefined || own === undefined ? "" : (ms[peer] / own).toFixed(2),
    ]),
  ];
}

function percent(x: number): string {
  return `${Math.round(100 * x)} %`;
}

/**
 * One row per contender. For each case it has the time, and the time divided by that of Sluice on WebAssembly.
 */
export function runtimeTable(runtime: RuntimeResult): { readonly header: Cells; readonly rows: readonly Cells[] } {
  return {
    header: ["milliseconds per step", ...runtime.rows.flatMap(({ case: of }) => [`${of.kind} ${of.name}`, "ratio"])],
    rows:
      runtime.rows.length === 0
        ? []
        : presentIn(runtime.contenders).map((name) => [
            isSoftware(runtime.contenders[name]!) ? `${name} (software rendering)` : name,
            ...runtime.rows.flatMap(({ ms, errors }) => [
              name in errors ? "error" : ms[name] === undefined ? "" : number(ms[name]),
              ms[name] === undefined || ms["sluice"] === undefined ? "" : (ms[name] / ms["sluice"]).toFixed(2),
            ]),
          ]),
  };
}

/** The contenders that are installed. */
export function presentIn(contenders: Readonly<Record<string, string>>): string[] {
  return Object.entries(contenders)
    .filter(([, about]) => !about.startsWith("absent"))
    .map(([name]) => name);
}
