/** The GPUs that a page uses, by their own descriptions; one that is missing is left out. */
export interface Devices {
  readonly webgl?: string;
  readonly webgpu?: string;
}

export async function devices(): Promise<Devices> {
  const [webgl, webgpu] = [webglRenderer(), await webgpuAdapter()];
  return { ...(webgl === undefined ? {} : { webgl }), ...(webgpu === undefined ? {} : { webgpu }) };
}

function webglRenderer(): string | undefined {
  const context = new OffscreenCanvas(1, 1).getContext("webgl2");
  if (context === null) return undefined;
  const unmasked = context.getExtension("WEBGL_debug_renderer_info");
  return String(context.getParameter(unmasked?.UNMASKED_RENDERER_WEBGL ?? context.RENDERER));
}

/** In Node too, if WebGPU is installed there. */
export async function webgpuAdapter(): Promise<string | undefined> {
  const adapter =
    "gpu" in navigator ? await navigator.gpu.requestAdapter({ powerPreference: "high-performance" }) : null;
  if (adapter === null) return undefined;
  const { vendor, architecture, device, description } = adapter.info;
  return [vendor, architecture, device, description].filter((part) => part !== "").join(" ");
}
