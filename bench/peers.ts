import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { homedir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Case } from "./cases.ts";
import type { Start } from "./contender.ts";

const scripts = join(dirname(fileURLToPath(import.meta.url)), "peers");
export const cache = join(process.env["XDG_CACHE_HOME"] ?? join(homedir(), ".cache"), "sluice-bench");
const scratchManifest = '{ "private": true }\n';

/** An alternative library, or Sluice on another backend. */
export interface Peer {
  readonly name: string;
  /** How to start it, or why it is missing. */
  find(threads: number): Start | { readonly absent: string };
  /** Installs pinned versions into the cache folder, never globally. */
  install?(): void;
  /** Whether it can run the case; if not, the cell of the table stays empty. */
  has(of: Case): boolean;
}

/** Limits every thread pool that the process may start. */
const threadVariables = (threads: number): Record<string, string> =>
  Object.fromEntries(
    ["OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"].map((name) => [name, String(threads)]),
  );

export const environment = (name: string): string => join(cache, name, "bin", "python");
const systemPython = "/usr/bin/python3";

export const peers: readonly Peer[] = [
  {
    name: "sluice-relaxed",
    find: (threads) => sluice("--threads", String(threads), "--multiply-add", "relaxed"),
    has: () => true,
  },
  {
    name: "torch",
    find(threads) {
      if (existsSync(environment("torch"))) return python(environment("torch"), "torch", threads);
      const system = python(systemPython, "torch", threads);
      return "absent" in system
        ? { absent: `${system.absent}, and \`pnpm bench --install torch\` has not been run` }
        : system;
    },
    install: () => makeEnvironment("torch", ["torch==2.15.0", "numpy==2.4.6"]),
    has: () => true,
  },
  {
    name: "torch-system",
    find: (threads) => python(systemPython, "torch", threads),
    has: () => true,
  },
  {
    name: "jax",
    find: (threads) =>
      existsSync(environment("jax"))
        ? python(environment("jax"), "jax", threads)
        : { absent: "`pnpm bench --install jax` has not been run" },
    install: () => makeEnvironment("jax", ["jax==0.10.2"]),
    has: () => true,
  },
  {
    name: "tfjs",
    find: () => script("tfjs", "@tensorflow/tfjs"),
    install: () =>
      installModules("tfjs", [
        "@tensorflow/tfjs@4.22.0",
        "@tensorflow/tfjs-backend-wasm@4.22.0",
        "@tensorflow/tfjs-backend-webgpu@4.22.0",
      ]),
    has: ({ kind, cell, hidden, threads }) =>
      threads === 1 &&
      cell !== "layer-norm-gru" &&
      cell !== "custom-gru" &&
      (kind === "train" || kind === "adam" ? hidden <= 128 : kind === "inference"),
  },
  {
    name: "jax-js",
    find: () => script("jax-js", "@jax-js/jax"),
    install: () => installModules("jax-js", ["@jax-js/jax@0.1.25"]),
    has: ({ kind, cell, hidden, threads }) =>
      threads === 1 && cell === "gru" && (kind === "train" || kind === "adam") && hidden <= 64,
  },
  {
    name: "brain",
    find: () => script("brain", "brain.js"),
    install: () => installModules("brain", ["brain.js@1.6.1"]),
    has: ({ kind, hidden, threads }) => threads === 1 && kind === "adam" && hidden <= 64,
  },
  {
    name: "torchrecurrent",
    find: (threads) =>
      existsSync(environment("torchrecurrent"))
        ? python(environment("torchrecurrent"), "torchrecurrent", threads)
        : { absent: "`pnpm bench --install torchrecurrent` has not been run" },
    install: () => makeEnvironment("torchrecurrent", ["torch==2.15.0", "torchrecurrent==0.2.5", "numpy==2.4.6"]),
    has: () => false,
  },
  {
    name: "pypots",
    find: (threads) =>
      existsSync(environment("pypots"))
        ? python(environment("pypots"), "pypots", threads)
        : { absent: "`pnpm bench --install pypots` has not been run" },
    install: () => makeEnvironment("pypots", ["torch==2.15.0", "pypots==1.5", "numpy==2.4.6"]),
    has: () => false,
  },
  { name: "gpu-webasm", find: () => sluice("--gpu", "webasm"), has: hasGpu },
  { name: "gpu-cpu", find: () => sluice("--gpu", "cpu"), has: hasGpu },
  {
    name: "gpu-webgpu",
    find: () =>
      existsSync(join(cache, "gpu-webgpu", "node_modules", "webgpu"))
        ? sluice("--gpu", "webgpu", "--webgpu", join(cache, "gpu-webgpu"))
        : { absent: "`pnpm bench --install gpu-webgpu` has not been run" },
    install: () => installModules("gpu-webgpu", ["webgpu@0.6.2"]),
    has: hasGpu,
  },
];

function hasGpu({ kind, hidden, threads }: Case): boolean {
  return threads === 1 && (kind === "train" || kind === "adam") && hidden <= 32;
}

/** Sluice itself, as a contender. */
export const own: Peer = { name: "sluice", find: (threads) => sluice("--threads", String(threads)), has: () => true };

function sluice(...options: readonly string[]): Start {
  return {
    program: process.execPath,
    args: [
      "--conditions=@sluice/source",
      "--disable-warning=ExperimentalWarning",
      join(scripts, "sluice.ts"),
      ...options,
    ],
  };
}

function python(
  program: string,
  library: "torch" | "torchrecurrent" | "pypots" | "jax",
  threads: number,
): Start | { absent: string } {
  if (!existsSync(program)) return { absent: `there is no ${program}` };
  try {
    execFileSync(
      program,
      ["-c", "import importlib.util, sys; sys.exit(not importlib.util.find_spec(sys.argv[1]))", library],
      { stdio: "ignore" },
    );
  } catch {
    return { absent: `${program} has no ${library}` };
  }
  return {
    program,
    args: ["-u", "-W", "ignore", join(scripts, `${library}_peer.py`), String(threads)],
    env: { ...threadVariables(threads), PYTHONDONTWRITEBYTECODE: "1" },
  };
}

function script(name: string, module: string): Start | { absent: string } {
  const folder = join(cache, name);
  if (!existsSync(join(folder, "node_modules", module)))
    return { absent: `\`pnpm bench --install ${name}\` has not been run` };
  return { program: process.execPath, args: ["--conditions=@sluice/source", join(scripts, `${name}.ts`), folder] };
}

function makeEnvironment(name: string, packages: readonly string[]): void {
  const run = (program: string, ...args: string[]): void => void execFileSync(program, args, { stdio: "inherit" });
  run("python3", "-m", "venv", join(cache, name));
  run(environment(name), "-m", "pip", "install", "--disable-pip-version-check", ...packages);
}

/** Runs no install scripts; these packages do not need any. */
function installModules(name: string, packages: readonly string[]): void {
  const folder = join(cache, name);
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, "package.json"), scratchManifest);
  execFileSync("npm", ["install", "--ignore-scripts", "--omit=optional", "--no-audit", "--no-fund", ...packages], {
    cwd: folder,
    stdio: "inherit",
  });
}
