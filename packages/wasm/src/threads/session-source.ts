/*
 * The code of a worker that hosts one program, as an expression: a function that takes its messages. The first is {
 * open: HostedProgram }, the others { exchange: Exchange }. It answers each through `say`, in order, with { values } or
 * { error }.
 */
export const sessionSource = `(() => {
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
    say({ values }, values.map(({ buffer }) => buffer));
  } catch (error) {
    say({ error: String((error && error.message) || error) });
  }
}

return receive;
})()`;
