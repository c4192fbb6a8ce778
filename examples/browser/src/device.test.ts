import { expect, test } from "vitest";
import { deviceNote } from "./device.ts";

test.each([
  [
    "ANGLE (NVIDIA, NVIDIA GeForce RTX 3080 Direct3D11 vs_5_0 ps_5_0, D3D11)",
    "GPU: NVIDIA GeForce RTX 3080 Direct3D11 vs_5_0 ps_5_0.",
  ],
  [
    "ANGLE (Google, Vulkan 1.3.0 (SwiftShader Device (Subzero) (0x0000C0DE)), SwiftShader driver)",
    "Slow here: the CPU emulates a GPU (SwiftShader).",
  ],
  ["apple metal-3", "GPU: apple metal-3."],
  [undefined, ""],
])("%s", (device, note) => expect(deviceNote(device)).toBe(note));
