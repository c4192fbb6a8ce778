/**
 * The common bundlers for pages, each configured as its users do: a module goes in, `page.js` and the files that it
 * loads later come out.
 */
import { mkdirSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import commonjsPlugin from "@rollup/plugin-commonjs";
import { nodeResolve } from "@rollup/plugin-node-resolve";
import * as esbuild from "esbuild";
import { type Plugin, rollup } from "rollup";
import * as vite from "vite";
import webpack from "webpack";

/** Its types describe a CommonJS module, but an ES module is loaded here. */
const commonjs = commonjsPlugin as unknown as () => Plugin;

/** Rejects if the bundler reports an error or a warning. */
type Bundler = (entry: string, folder: string, options: { readonly minify: boolean }) => Promise<void>;

const bundlers: Readonly<Record<string, Bundler>> = {
  async esbuild(entry, folder) {
    const { warnings } = await esbuild.build({
      entryPoints: [entry],
      outdir: folder,
      bundle: true,
      platform: "browser",
      format: "esm",
      logLevel: "silent",
    });
    refuse(warnings.map(({ text }) => text));
  },
  async vite(entry, folder) {
    const warnings: string[] = [];
    const customLogger = {
      ...vite.createLogger("silent"),
      warn: (text: string) => void warnings.push(text),
      warnOnce: (text: string) => void warnings.push(text),
    };
    await vite.build({
      root: join(entry, ".."),
      configFile: false,
      customLogger,
      build: {
        outDir: folder,
        emptyOutDir: false,
        chunkSizeWarningLimit: 10_000,
        rollupOptions: { input: entry, output: { entryFileNames: "page.js" } },
      },
    });
    refuse(warnings);
  },
  async webpack(entry, folder, { minify }) {
    const compiler = webpack({
      mode: "production",
      context: join(entry, ".."),
      entry,
      target: "web",
      performance: false,
      optimization: { minimize: minify },
      output: { path: folder, filename: "page.js", publicPath: "", globalObject: "globalThis" },
    });
    const stats = await new Promise<webpack.Stats>((resolve, reject) =>
      compiler!.run((error, result) =>
        result === undefined ? reject(error ?? new Error("webpack gave nothing")) : resolve(result),
      ),
    );
    await new Promise((resolve) => compiler!.close(resolve));
    const { errors = [], warnings = [] } = stats.toJson({ all: false, errors: true, warnings: true });
    refuse([...errors, ...warnings].map(({ message, moduleName = "" }) => `${moduleName} ${message}`));
  },
  async rollup(entry, folder) {
    const warnings: string[] = [];
    const bundle = await rollup({
      input: entry,
      plugins: [nodeResolve({ browser: true }), commonjs()],
      // zod writes annotations of purity where Rollup ignores them.
      onwarn: ({ code, message }) =>
        void (code === "CIRCULAR_DEPENDENCY" || code === "INVALID_ANNOTATION" || warnings.push(message)),
    });
    await bundle.write({ dir: folder, entryFileNames: "page.js", format: "es" });
    await bundle.close();
    refuse(warnings);
  },
};

export const bundlerNames = Object.keys(bundlers);

/**
 * The scripts that a bundler makes of a module called `page.js`, in a folder of its own beside it: that of the page,
 * and the text of all. Vite always minifies, esbuild and rollup never do; webpack does where it is asked, since that
 * takes most of a minute.
 */
export async function bundled(
  name: string,
  entry: string,
  options: { readonly minify: boolean },
): Promise<{ readonly page: string; readonly text: string }> {
  const folder = join(entry, "..", `in-${name}`);
  mkdirSync(folder);
  await bundlers[name]!(entry, folder, options);
  const scripts = readdirSync(folder, { recursive: true, encoding: "utf8" }).filter((file) => file.endsWith("js"));
  return {
    page: join(folder, "page.js"),
    text: scripts.map((file) => readFileSync(join(folder, file), "utf8")).join("\n"),
  };
}

function refuse(problems: readonly string[]): void {
  if (problems.length > 0) throw new Error(problems.join("\n"));
}
