import { environmentVariable, storedSetting } from "@sluice/tensor/internal";

/** `DEBUG=sluice:program,sluice:kernels` in Node; in a browser, `localStorage.debug`. */
function isWanted(topic: string): boolean {
  return wanted()
    .split(/[\s,]+/)
    .some(
      (pattern) =>
        pattern === topic || pattern === "*" || (pattern.endsWith("*") && topic.startsWith(pattern.slice(0, -1))),
    );
}

function wanted(): string {
  return environmentVariable("DEBUG") ?? storedSetting("debug") ?? "";
}

/** Prints a text if its topic, such as `sluice:program`, is enabled. */
export function debug(topic: string, text: () => string): void {
  if (isWanted(topic)) console.error(`${topic}\n${text()}`);
}
