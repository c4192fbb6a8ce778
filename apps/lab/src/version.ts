import { readFileSync } from "node:fs";

/** The version of this package, which is that of all the others. */
export function version(): string {
  const { version: number }: { version: string } = JSON.parse(
    readFileSync(new URL("../package.json", import.meta.url), "utf8"),
  );
  return number;
}
