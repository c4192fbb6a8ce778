import { readFileSync } from "node:fs";

/** What the package.json of this package says. */
interface PackageFacts {
  readonly version: string;
  readonly engines: { readonly node: string };
}

/** Reads the package.json of this package. */
export function packageFacts(): PackageFacts {
  const facts: PackageFacts = JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8"));
  return facts;
}

/** The version of this package, which is that of all the others. */
export const version = (): string => packageFacts().version;
