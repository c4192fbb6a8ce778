import { chromium } from "@sluice/browsers";
import { idOf, type Case } from "./cases.ts";
import { openChromium } from "./chromium.ts";
import { openBench, type MeasureOptions, type Row } from "./measure.ts";
import { peers } from "./peers.ts";

/**
 * Timings from one runtime, Node or Chromium. Every backend and peer is timed there in turns, in child processes of
 * Node or in one page of Chromium.
 */
export interface RuntimeResult {
  readonly name: RuntimeName;
  /** Its version, or `absent: ` and why. */
  readonly about: string;
  readonly contenders: Readonly<Record<string, string>>;
  readonly rows: readonly Row[];
}

export type RuntimeName = "Node" | "Chromium";

const inNode = ["gpu-webasm", "gpu-cpu", "gpu-webgpu", "tfjs", "jax-js"];

export async function measureRuntimes(
  cases: readonly Case[],
  options: Omit<MeasureOptions, "own" | "peers">,
): Promise<RuntimeResult[]> {
  const nodePeers = inNode.map((name) => peers.find((peer) => peer.name === name)!);
  return [
    await measureIn({ name: "Node", about: `Node ${process.versions.node}` }, cases, { ...options, peers: nodePeers }),
    await measureInChromium(cases, options),
  ];
}

async function measureInChromium(
  cases: readonly Case[],
  options: Omit<MeasureOptions, "own" | "peers">,
): Promise<RuntimeResult> {
  const absent =
    chromium.path === undefined
      ? chromium.absent
      : options.clock === "cpu"
        ? "a page cannot measure its CPU time"
        : undefined;
  if (absent !== undefined) return { name: "Chromium", about: `absent: ${absent}`, contenders: {}, rows: [] };
  const page = await openChromium();
  try {
    return await measureIn({ name: "Chromium", about: page.about }, cases, {
      ...options,
      own: page.own,
      peers: page.peers,
    });
  } finally {
    await page.close();
  }
}

async function measureIn(
  runtime: Pick<RuntimeResult, "name" | "about">,
  cases: readonly Case[],
  options: MeasureOptions,
): Promise<RuntimeResult> {
  const bench = openBench(options);
  try {
    const contenders = await bench.contenders(1);
    const rows: Row[] = [];
    for (const of of cases) {
      console.error(`${idOf(of)} in ${runtime.name}`);
      rows.push(await bench.measure(of));
    }
    return { ...runtime, contenders, rows };
  } finally {
    bench.close();
  }
}

/**
 * Whether a contender, by its own description, renders or computes in software on the CPU. Its times then say nothing
 * about GPUs.
 */
export function isSoftware(about: string): boolean {
  return / on .*(swiftshader|llvmpipe|softpipe|lavapipe|basic render)/i.test(about);
}
