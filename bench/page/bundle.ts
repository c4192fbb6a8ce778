import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { build, defaultClientConditions, type Plugin } from "vite";

/** Bundles the page with everything it imports, from the sources, into a folder. */
export async function bundlePage(folder: string, cache: string): Promise<void> {
  await build({
    configFile: false,
    root: import.meta.dirname,
    logLevel: "error",
    resolve: { conditions: ["@sluice/source", ...defaultClientConditions] },
    build: {
      outDir: folder,
      emptyOutDir: true,
      target: "esnext",
      minify: false,
      reportCompressedSize: false,
      chunkSizeWarningLimit: 10_000,
    },
    plugins: [peerModules(cache)],
  });
}

const wasmFiles = ["tfjs-backend-wasm.wasm", "tfjs-backend-wasm-simd.wasm", "tfjs-backend-wasm-threaded-simd.wasm"];

/** The module that the page imports as `peer:NAME`, if the peer is installed. */
const modules: Readonly<Record<string, { readonly packages: readonly string[]; source(folder: string): string }>> = {
  // Every contender of the table has one thread.
  tfjs: {
    packages: ["@tensorflow/tfjs", "@tensorflow/tfjs-backend-wasm", "@tensorflow/tfjs-backend-webgpu"],
    source: () => `
      import * as tf from "@tensorflow/tfjs";
      import "@tensorflow/tfjs-backend-webgpu";
      import { setWasmPaths } from "@tensorflow/tfjs-backend-wasm";
      ${wasmFiles.map((file, i) => `import file${i} from "@tensorflow/tfjs-backend-wasm/dist/${file}?url";`).join("\n")}
      tf.env().set("WASM_HAS_MULTITHREAD_SUPPORT", false);
      setWasmPaths({ ${wasmFiles.map((file, i) => `"${file}": file${i}`).join(", ")} });
      export { tf };`,
  },
  "jax-js": {
    packages: ["@jax-js/jax"],
    source: (folder) => `
      import * as jax from "@jax-js/jax";
      export { jax };
      export const version = ${JSON.stringify(versionOf(folder, "@jax-js/jax"))};`,
  },
};

/** Why a peer cannot take part, or undefined. */
export function absence(peer: string, cache: string): string | undefined {
  const missing = modules[peer]!.packages.filter((name) => !existsSync(join(cache, peer, "node_modules", name)));
  return missing.length === 0 ? undefined : `no ${missing.join(", ")}; \`pnpm bench --install ${peer}\` installs it`;
}

function peerModules(cache: string): Plugin {
  const prefix = "peer:";
  return {
    name: "peers from the cache folder",
    resolveId(source, importer) {
      if (source.startsWith(prefix)) return `\0${source}`;
      if (!importer?.startsWith(`\0${prefix}`)) return undefined;
      return this.resolve(source, join(cache, importer.slice(prefix.length + 1), "package.json"), { skipSelf: true });
    },
    load(id) {
      if (!id.startsWith(`\0${prefix}`)) return undefined;
      const peer = id.slice(prefix.length + 1);
      const missing = absence(peer, cache);
      return missing === undefined
        ? modules[peer]!.source(join(cache, peer))
        : `throw new Error(${JSON.stringify(missing)}); export const tf = undefined, jax = undefined, version = "";`;
    },
  };
}

function versionOf(folder: string, name: string): string {
  const { version } = createRequire(join(folder, "package.json"))(
    join(folder, "node_modules", name, "package.json"),
  ) as { version: string };
  return version;
}
