/** Describes the device that a browser draws and computes on. */

/** Renderers that work without a GPU. */
const software = ["SwiftShader", "llvmpipe", "lavapipe", "softpipe", "Basic Render"];

/** A sentence about `device`, the name that WebGL or WebGPU gives. Empty if the browser hides it. */
export function deviceNote(device: string | undefined): string {
  if (device === undefined || device === "") return "";
  const inProcessor = software.find((name) => device.toLowerCase().includes(name.toLowerCase()));
  return inProcessor === undefined
    ? `GPU: ${shortName(device)}.`
    : `Slow here: the CPU emulates a GPU (${inProcessor}).`;
}

/** Chromium says "ANGLE (maker, device and driver, version)". */
function shortName(device: string): string {
  return /^ANGLE \([^,]*, (.*), [^,]*\)$/.exec(device)?.[1] ?? device;
}
