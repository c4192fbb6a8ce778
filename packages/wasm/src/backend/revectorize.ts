/**
 * Asks V8 to pair vectors of 128 bits into vectors of 256 where the processor has them; no bit of a result changes. An experiment of V8, known to work from Node 24 on.
 * Says whether it was asked. The flag counts for whatever the process compiles afterwards.
 */
export function pairVectors(wanted: boolean): boolean {
  if (typeof process === "undefined" || !("getBuiltinModule" in process)) return false;
  if (Number(process.versions.node.split(".")[0]) < 24) return false;
  process.getBuiltinModule("node:v8").setFlagsFromString(wanted ? "--experimental-wasm-revectorize" : "--no-experimental-wasm-revectorize");
  return wanted;
}
