// npm start: installs what is missing and runs the main job, the quick budget of the digits study.
// npm start -- --seeds 2        the same job with more options
// npm start -- run events       any other command of `sluice`
import { install } from "./install.js";
import { run } from "./process.js";

const given = process.argv.slice(2);
const addsOptions =
  given.length === 0 || (given[0].startsWith("-") && !["-h", "--help", "-V", "--version"].includes(given[0]));
const args = addsOptions ? ["run", "digits", "--budget", "quick", ...given] : given;

try {
  const node = await install();
  console.log(`Running sluice ${args.join(" ")}`);
  process.exitCode = await run(node, ["--conditions=@sluice/source", "apps/lab/src/main.ts", ...args]);
} catch (error) {
  console.error(error.message);
  process.exitCode = 1;
}
