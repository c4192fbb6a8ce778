import { audioVisualDigits } from "./audio-visual-digits.ts";

for (const [seen, accuracy] of Object.entries(await audioVisualDigits()))
  console.log(`${seen}: ${(100 * accuracy).toFixed(1)} % of the test digits`);
