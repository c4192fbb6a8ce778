// npm run example                       installs what is missing and serves examples/browser, until Ctrl-C
// npm run example:node -- --time 50     makes the same run in Node, and prints the weights' hash
import { install } from "./install.js";
import { run } from "./process.js";

const [where, ...options] = process.argv.slice(2);
const programs = {
  browser: ["examples/browser/node_modules/vite/bin/vite.js", "examples/browser"],
  node: ["--conditions=@sluice/source", "examples/browser/src/in-node.ts"],
};

try {
  const node = await install();
  process.exitCode = await run(node, [...programs[where], ...options]);
} catch (error) {
  console.error(error.message);
  process.exitCode = 1;
}
