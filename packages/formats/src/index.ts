// Files of tensors
export { type Safetensors, SafetensorsError, readSafetensors, writeSafetensors } from "./safetensors.ts";

// Texts
export { parseJson } from "./json.ts";

// Hashes
export { weightsHash } from "./weights-hash.ts";
export { sha256, sha256Later } from "./sha256.ts";
