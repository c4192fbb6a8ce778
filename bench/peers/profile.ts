import { Session } from "node:inspector/promises";

/**
 * Self time of each function in milliseconds per run, by V8's sampling profiler; WebAssembly functions by the names in
 * their module.
 */
export async function profile(run: () => unknown, runs: number): Promise<Record<string, number>> {
  const session = new Session();
  session.connect();
  await session.post("Profiler.enable");
  await session.post("Profiler.setSamplingInterval", { interval: 200 });
  await session.post("Profiler.start");
  for (let i = 0; i < runs; i++) await run();
  const { profile } = await session.post("Profiler.stop");
  session.disconnect();
  const names = new Map(
    profile.nodes.map(({ id, callFrame: { functionName, url } }) => [id, nameOf(functionName, url)]),
  );
  const functions: Record<string, number> = {};
  profile.samples?.forEach((id, i) => {
    const name = names.get(id) ?? "(unknown)";
    if (name === "post") return; // Excludes the profiler's own start.
    functions[name] = (functions[name] ?? 0) + (profile.timeDeltas?.[i] ?? 0) / 1000 / runs;
  });
  return functions;
}

function nameOf(name: string, url: string): string {
  if (url.startsWith("wasm://")) return `wasm ${name}`;
  return name === "" ? "(anonymous)" : name;
}
