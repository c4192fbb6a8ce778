/** What a browser says of the device that draws and computes for it, in words for the page. */

/** Renderers that take no graphics card. */
const software = ["SwiftShader", "llvmpipe", "lavapipe", "softpipe", "Basic Render"];

/** `device` as WebGL or WebGPU name it; undefined where they keep it to themselves. */
export function deviceNote(device: string | undefined): string {
  if (device === undefined || device === "") return "";
  const inProcessor = software.find((name) => device.toLowerCase().includes(name.toLowerCase()));
  return inProcessor === undefined
    ? `Here: ${shortName(device)}.`
    : `Here the processor stands in for a card (${inProcessor}), so it is slow.`;
}

/** Chromium says "ANGLE (maker, device and driver, version)". */
function shortName(device: string): string {
  return /^ANGLE \([^,]*, (.*), [^,]*\)$/.exec(device)?.[1] ?? device;
}
