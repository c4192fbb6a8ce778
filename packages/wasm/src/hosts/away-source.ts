/*
 * What a worker that hosts one program runs, as a string: it is the same in Node and in browsers, from sources, from a build and from a bundle, with no file to be found. The
 * first message brings { open: HostedProgram }, the others { exchange: Exchange }; each is answered, in order, with { values } or { error }.
 */
export const awaySource = `
const node = typeof process === "object" && typeof process.getBuiltinModule === "function" ? process.getBuiltinModule("node:worker_threads") : undefined;
const port = node ? node.parentPort : self;
let entry, views;

function open({ module, pages, places }) {
  const memory = new WebAssembly.Memory({ initial: pages });
  entry = new WebAssembly.Instance(module, { env: { memory } }).exports.run;
  views = places.map(({ dtype, offset, elements }) => new (dtype === "f32" ? Float32Array : Int32Array)(memory.buffer, offset, elements));
  return [];
}

function exchange({ write, run, read }) {
  for (const { place, zeros, pieces } of write) {
    for (let i = 0; i < zeros.length; i += 2) views[place].fill(0, zeros[i], zeros[i + 1]);
    for (const { at, values } of pieces) views[place].set(values, at);
  }
  if (run) entry(0, 1);
  return read.map((place) => views[place].slice());
}

function receive(message) {
  try {
    const values = message.open ? open(message.open) : exchange(message.exchange);
    port.postMessage({ values }, values.map(({ buffer }) => buffer));
  } catch (error) {
    port.postMessage({ error: String((error && error.message) || error) });
  }
}

if (node) port.on("message", receive);
else self.onmessage = (event) => receive(event.data);
`;
