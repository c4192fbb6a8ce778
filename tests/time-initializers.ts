// Prints the CPU time of drawing initial values in milliseconds: medians of five rounds, in turns. pnpm exec node
// --conditions=@sluice/source tests/time-initializers.ts
import { lstm } from "@sluice/cells";
import { heNormal, randomNormal, orthogonal, randomUniform } from "@sluice/params";
import { key } from "@sluice/tensor";

const draws: Readonly<Record<string, () => unknown>> = {
  "uniform [1024, 4096]": () => randomUniform()(key(1), [1024, 4096], {}),
  "normal [1024, 4096]": () => randomNormal()(key(1), [1024, 4096], {}),
  "heNormal [512, 2048]": () => heNormal(key(1), [512, 2048], {}),
  "orthogonal [512, 2048]": () => orthogonal(key(1), [512, 2048], {}),
  "orthogonal [1024, 1024]": () => orthogonal(key(1), [1024, 1024], {}),
  "LSTM of 512 units": () => lstm({ input: 512, hidden: 512 }).init(key(1)),
  "LSTM of 1,024 units": () => lstm({ input: 1024, hidden: 1024 }).init(key(1)),
  "LSTM of 1,024 units, not orthogonal": () =>
    lstm({ input: 1024, hidden: 1024, recurrentInitializer: randomNormal() }).init(key(1)),
};

const rounds = Object.fromEntries(Object.keys(draws).map((name): [string, number[]] => [name, []]));
for (let round = 0; round < 5; round++) {
  for (const [name, draw] of Object.entries(draws)) {
    const before = process.cpuUsage();
    draw();
    const { user, system } = process.cpuUsage(before);
    rounds[name]!.push((user + system) / 1000);
  }
}
for (const [name, milliseconds] of Object.entries(rounds))
  console.log(
    `${name.padEnd(38)} ${milliseconds
      .toSorted((a, b) => a - b)[2]!
      .toFixed(0)
      .padStart(6)} ms`,
  );
