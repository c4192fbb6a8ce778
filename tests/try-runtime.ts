// Compares a runtime that the suite does not run on with this Node: the same programs, the same bits?
//   node --conditions=@sluice/source tests/try-runtime.ts bun
//   node --conditions=@sluice/source tests/try-runtime.ts deno
//   node --conditions=@sluice/source tests/try-runtime.ts arm64
// Each is fetched from npm, for Linux on x64. arm64 is Node in qemu: on Debian `apt-get install qemu-user-static
// libc6-arm64-cross libstdc++6-arm64-cross`.
import { isDeepStrictEqual } from "node:util";
import { fetchRuntime } from "../scripts/runtimes.js";
import { outcomeOf } from "./examples.ts";
import { programs, report, type Report } from "./hashes.ts";
import { root } from "./workspace.ts";

const program = ["--conditions=@sluice/source", "tests/print-report.ts"];
const commands: Readonly<Record<string, (binary: string) => readonly [command: string, ...args: string[]]>> = {
  bun: (binary) => [binary, ...program],
  deno: (binary) => [binary, "run", "--allow-all", ...program],
  arm64: (binary) => ["qemu-aarch64-static", "-L", "/usr/aarch64-linux-gnu", binary, ...program],
};

const name = process.argv[2] ?? "";
const commandFor = commands[name];
if (commandFor === undefined)
  throw new Error(`Expected ${Object.keys(commands).join(", ")}, got ${name === "" ? "nothing" : name}.`);

const binary = await fetchRuntime(name);
if (binary === undefined) throw new Error(`The npm package of ${name} has no binary where one was expected.`);
const [command, ...args] = commandFor(binary);
const { code, output } = await outcomeOf(command, args, { cwd: root });
if (code !== 0) throw new Error(`${command} ended with ${code}:\n${output}`);
const printed = output.split("\n").find((line) => line.startsWith("{"));
if (printed === undefined) throw new Error(`${command} printed no report:\n${output}`);
const said = JSON.parse(printed) as Report & {
  readonly runtime: string;
  readonly v8?: string;
  readonly arch: string;
};
const { hashes } = await report();
for (const [i, threads] of ["one thread", "two threads"].entries()) {
  for (const what of programs)
    console.log(`${threads}, ${what}: ${said.hashes[i]![what] === hashes[0][what] ? "the same bits" : "other bits"}`);
}
const same = said.hashes.every((theirs) => isDeepStrictEqual(theirs, hashes[0]));
const pairing = said.pairing.used ? "vectors paired" : `vectors not paired: ${said.pairing.reason}`;
console.log(
  `${said.runtime} on ${said.arch}${said.v8 === undefined ? "" : `, V8 ${said.v8}`}: ${same ? "the same bits as" : "other bits than"} Node ${process.versions.node} on ${process.arch}; ${pairing}`,
);
process.exitCode = same ? 0 : 1;
