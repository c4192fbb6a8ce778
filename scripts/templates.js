// node scripts/templates.js writes the JavaScript templates of new projects (apps/lab/templates/javascript) from the
// TypeScript ones, without the types and in the usual format. A test of apps/lab holds them equal.
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { stripTypeScriptTypes } from "node:module";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { format, resolveConfig } from "prettier";
import { root } from "./process.js";

export const templates = join(root, "apps/lab/templates");

/** The JavaScript templates by the name of their file, as they follow from the TypeScript ones. */
export async function javascriptTemplates() {
  const options = { ...(await resolveConfig(join(templates, "template.js"))), parser: "babel" };
  const made = readdirSync(join(templates, "typescript")).map(async (file) => {
    const text = readFileSync(join(templates, "typescript", file), "utf8");
    const plain = stripTypeScriptTypes(text).replaceAll(/(from "\.[^"]*)\.ts"/g, '$1.js"');
    return [file.replace(/\.ts$/, ".js"), await format(plain, options)];
  });
  return Object.fromEntries(await Promise.all(made));
}

if (process.argv[1] === fileURLToPath(import.meta.url))
  for (const [file, text] of Object.entries(await javascriptTemplates()))
    writeFileSync(join(templates, "javascript", file), text);
