// Prints the memory of a process that serves 1,000 clients, each with a fork of one compiled stream of 128 units, and
// the time to fork and to step each.
import { key, tensor } from "@sluice/tensor";
import { wasm } from "@sluice/wasm";
import { dense, lstm, sequence, sequential, stream } from "@sluice/cells";

const [input, hidden, count] = [16, 128, 1000];
const model = sequential([sequence(lstm({ input, hidden })), dense({ input: hidden, output: 4 })]);
const backend = wasm();
const base = await stream(model, model.init(key(1)), { backend });
const before = process.cpuUsage();
const clients = Array.from({ length: count }, () => base.fork());
const forking = process.cpuUsage(before).user;
let steps = 0;
for (let t = 0; t < 3; t++) {
  for (const [i, client] of clients.entries()) {
    await client.step(
      tensor(
        Float32Array.from({ length: input }, (_, j) => ((i + j + t) % 7) / 7),
        [1, input],
      ),
    );
    steps++;
  }
}
const stepping = process.cpuUsage(before).user - forking;
console.log(
  JSON.stringify({
    clients: clients.length,
    steps,
    megabytes: Math.round(process.memoryUsage().rss / 1e6),
    forkMicroseconds: Math.round(forking / count),
    stepMicroseconds: Math.round(stepping / steps),
  }),
);
await backend.close();
