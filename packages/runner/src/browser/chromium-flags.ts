/**
 * Flags for a quiet Chromium: no sandbox, because it needs rights that containers lack, and no network traffic of its
 * own.
 */
export const quiet: readonly string[] = [
  "--no-sandbox",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

/** Flags for WebGL and WebGPU in software (SwiftShader), without a GPU. */
export const software: readonly string[] = [
  "--use-gl=angle",
  "--use-angle=swiftshader",
  "--enable-unsafe-swiftshader",
  "--enable-unsafe-webgpu",
  "--use-webgpu-adapter=swiftshader",
  "--enable-features=Vulkan",
  "--ignore-gpu-blocklist",
];
