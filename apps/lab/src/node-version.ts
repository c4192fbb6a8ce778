import { packageFacts } from "./version.ts";

/**
 * What is wrong with a version of Node; `null` if it runs Sluice. An older one would fail in the middle of a trial, with
 * the name of a function that it lacks.
 *
 * @param given - such as 22.12.0
 */
export function nodeProblem(given: string): string | null {
  const [major = 0, minor = 0] = given.split(".").map(Number);
  const needed = packageFacts().engines.node.replace(/^\D+/, "");
  const [least = 0, leastMinor = 0] = needed.split(".").map(Number);
  if (major > least || (major === least && minor >= leastMinor)) return null;
  return (
    `Sluice needs Node ${needed} or newer, and this is Node ${given}. Install one from https://nodejs.org, or put ` +
    "npx -p node@24 before the command: it takes a newer Node for this command only"
  );
}
