import { idOf, type Case } from "./cases.ts";
import { chromiumPath, openChromium } from "./chromium.ts";
import { openBench, type MeasureOptions, type Row } from "./measure.ts";
import type { Devices } from "./page/devices.ts";
import { peers } from "./peers.ts";

/** Where every backend, and whoever else trains there, is timed in turns: processes of Node, or one page of Chromium. */
export interface Place {
  readonly name: PlaceName;
  /** Its version, or `absent: ` and why. */
  readonly about: string;
  /** What draws and computes for a page. */
  readonly devices: Devices;
  readonly contenders: Readonly<Record<string, string>>;
  readonly rows: readonly Row[];
}

export type PlaceName = "Node" | "Chromium";

const inNode = ["gpu-webasm", "gpu-cpu", "tfjs", "jax-js"];

export async function measurePlaces(cases: readonly Case[], options: Omit<MeasureOptions, "own" | "peers">): Promise<Place[]> {
  const nodePeers = inNode.map((name) => peers.find((peer) => peer.name === name)!);
  return [await measureIn({ name: "Node", about: `Node ${process.versions.node}`, devices: {} }, cases, { ...options, peers: nodePeers }), await measureInChromium(cases, options)];
}

async function measureInChromium(cases: readonly Case[], options: Omit<MeasureOptions, "own" | "peers">): Promise<Place> {
  const absent = chromiumPath === undefined ? "there is no Chromium; on Debian `apt-get install chromium` has it" : options.clock === "cpu" ? "a page cannot tell its processor time" : undefined;
  if (absent !== undefined) return { name: "Chromium", about: `absent: ${absent}`, devices: {}, contenders: {}, rows: [] };
  const page = await openChromium();
  try {
    return await measureIn({ name: "Chromium", about: page.about, devices: page.devices }, cases, { ...options, own: page.own, peers: page.peers });
  } finally {
    await page.close();
  }
}

async function measureIn(place: Pick<Place, "name" | "about" | "devices">, cases: readonly Case[], options: MeasureOptions): Promise<Place> {
  const bench = openBench(options);
  try {
    const contenders = await bench.contenders(1);
    const rows: Row[] = [];
    for (const of of cases) {
      console.error(`${idOf(of)} in ${place.name}`);
      rows.push(await bench.measure(of));
    }
    return { ...place, contenders, rows };
  } finally {
    bench.close();
  }
}

/** The device that a contender of a place draws and computes on, where it is not the processor. */
export function deviceOf(contender: string, { devices }: Pick<Place, "devices">): string | undefined {
  return contender.includes("webgpu") ? devices.webgpu : contender.includes("webgl") ? devices.webgl : undefined;
}

/** Whether a device is made up by the processor: its times say nothing of graphics cards. */
export function isSoftware(device: string | undefined): boolean {
  return device !== undefined && /swiftshader|llvmpipe|softpipe|lavapipe|basic render/i.test(device);
}
