/** In a page: what a gpu mode keeps on the device, and how it handles a lost device. */
import { gpu, type GpuOptions } from "@sluice/gpu";
import {
  add,
  compile,
  compileStep,
  matmul,
  mean,
  mul,
  scan,
  square,
  sub,
  tanh,
  tensor,
  valueAndGrad,
  valuesOf,
  full,
  type Backend,
  type Session,
  type Tensor,
} from "@sluice/tensor";
import { zerosArray } from "@sluice/tensor/internal";
import { wasm } from "@sluice/wasm";

type Weights = { readonly W: Tensor; readonly m: Tensor };

/** Descent with momentum on a small recurrent layer. */
function step({ W, m }: Weights, x: Tensor, y: Tensor): { state: Weights; output: Tensor } {
  const { value, gradient } = valueAndGrad((at: Tensor) => {
    const { state } = scan(
      (h: Tensor, xt: Tensor) => ({ state: tanh(add(matmul(h, at), xt)), output: h }),
      zerosArray([4, 8]),
      x,
    );
    return mean(square(sub(state, y)));
  })(W);
  const next = add(mul(m, 0.9), gradient);
  return { state: { W: sub(W, mul(next, 0.01)), m: next }, output: value };
}

const x = full([3, 4, 8], 0.1);
const y = full([4, 8], 0.5);

function start(backend: Backend): Promise<Session<Weights, [Tensor, Tensor], Tensor>> {
  return compileStep(step, { W: full([8, 8], 0.05), m: zerosArray([8, 8]) }, [x, y], { backend });
}

/** What is alive: objects of the device by kind, and bytes of the heap after garbage was collected. */
type Alive = Readonly<Record<string, number>>;

export interface Growth {
  readonly early: Alive;
  readonly late: Alive;
}

/** After 200 and after 1,200 training steps. */
export async function overSteps(options: GpuOptions): Promise<Growth> {
  const alive = watch();
  const session = await start(await gpu(options));
  const run = async (count: number): Promise<Alive> => {
    for (let i = 0; i < count; i++) await session.run(x, y);
    return alive();
  };
  return { early: await run(200), late: await run(1000) };
}

/** After 10 and after 110 programs, each compiled, run and dropped. */
export async function overPrograms(options: GpuOptions): Promise<Growth> {
  const alive = watch();
  const backend = await gpu(options);
  let made = 0;
  const run = async (count: number): Promise<Alive> => {
    for (let i = 0; i < count; i++) {
      const factor = ++made;
      const f = await compile((a: Tensor) => tanh(matmul(mul(a, factor), a)), [full([8, 8], 0)], { backend });
      await f(full([8, 8], 0.1));
      await f.dispose();
    }
    return alive();
  };
  return { early: await run(10), late: await run(100) };
}

export interface Lost {
  /** What a run, the reading of the state and another run say after the loss. */
  readonly messages: readonly string[];
  /** Losses that training went on with on another backend, and those without a loss of the device. */
  readonly resumed: readonly number[];
  readonly whole: readonly number[];
}

/** Trains, loses the device, and goes on from the last weights that were read. */
export async function deviceLoss(options: GpuOptions): Promise<Lost> {
  const lose = watchDevices();
  const session = await start(await gpu(options));
  for (let i = 0; i < 3; i++) await session.run(x, y);
  const saved = await session.state();
  await lose();
  const failure = (work: Promise<unknown>): Promise<string> =>
    work.then(
      () => "nothing failed",
      (error: Error) => error.message,
    );
  const messages = [await failure(session.run(x, y)), await failure(session.state()), await failure(session.run(x, y))];

  const losses = async (from: Session<Weights, [Tensor, Tensor], Tensor>): Promise<number[]> => {
    const found: number[] = [];
    for (let i = 0; i < 3; i++) found.push(valuesOf(await from.run(x, y))[0]!);
    return found;
  };
  const other = await start(wasm());
  await other.setState(saved);
  const resumed = await losses(other);
  const undisturbed = await start(wasm());
  await losses(undisturbed);
  return { messages, resumed, whole: await losses(undisturbed) };
}

/** The error of a program whose kernels the device does not compile, and the result of the next one, which compiles. */
export async function badKernel(options: GpuOptions): Promise<{ readonly message: string; readonly next: number }> {
  const backend = await gpu(options);
  const shaders = breakShaders();
  const failing = await compile((a: Tensor) => tanh(a), [tensor([1])], { backend });
  const message = await failing(tensor([1])).then(
    () => "nothing failed",
    (error: Error) => error.message,
  );
  shaders.mend();
  await failing.dispose();
  const fine = await compile((a: Tensor) => mul(a, 2), [tensor([1])], { backend });
  return { message, next: valuesOf(await fine(tensor([21])))[0]! };
}

export interface Textures {
  /** Elements that differ of an array that fills the largest texture, and of one that is longer than it is wide. */
  readonly differing: number;
  /** The error for an array that fits into no texture. */
  readonly message: string;
}

/** Arrays on a device whose textures are 64 x 64 at most. */
export async function smallTextures(options: GpuOptions): Promise<Textures> {
  const { getParameter } = WebGL2RenderingContext.prototype;
  WebGL2RenderingContext.prototype.getParameter = function (name: number): unknown {
    return name === WebGL2RenderingContext.MAX_TEXTURE_SIZE ? 64 : Reflect.apply(getParameter, this, [name]);
  };
  const backend = await gpu(options);
  const double = async (elements: number): Promise<number> => {
    const numbers = Float32Array.from({ length: elements }, (_, i) => i);
    const run = await compile((a: Tensor) => mul(a, 2), [tensor(numbers)], { backend });
    const doubled = valuesOf(await run(tensor(numbers)));
    return numbers.reduce((count, value, i) => count + (doubled[i] === 2 * value ? 0 : 1), 0);
  };
  const differing = (await double(64 * 64)) + (await double(67));
  const message = await double(64 * 64 + 1).then(
    () => "nothing failed",
    (error: Error) => error.message,
  );
  return { differing, message };
}

const pairs: readonly (readonly [string, string, string])[] = [
  ["WebGL2RenderingContext", "createTexture", "deleteTexture"],
  ["WebGL2RenderingContext", "createProgram", "deleteProgram"],
  ["WebGL2RenderingContext", "createShader", "deleteShader"],
  ["WebGL2RenderingContext", "createBuffer", "deleteBuffer"],
  ["WebGL2RenderingContext", "createFramebuffer", "deleteFramebuffer"],
];

/** Counts what is made and not yet deleted, from now on. */
function watch(): () => Alive {
  const live = new Map<string, Set<unknown>>();
  const of = (kind: string): Set<unknown> => live.get(kind) ?? live.set(kind, new Set()).get(kind)!;
  for (const [type, make, remove] of pairs) {
    const kind = make.replace("create", "");
    hook(type, make, (made) => of(kind).add(made));
    hook(type, remove, (_, [removed]) => of(kind).delete(removed));
  }
  hook("GPUDevice", "createBuffer", (made) => of("GPUBuffer").add(made));
  hook("GPUBuffer", "destroy", (_, __, destroyed) => of("GPUBuffer").delete(destroyed));
  return () => {
    const bytes = [...of("GPUBuffer")].reduce<number>(
      (sum, buffer) => sum + (buffer instanceof GPUBuffer ? buffer.size : 0),
      0,
    );
    const collect: unknown = Reflect.get(globalThis, "gc");
    if (typeof collect === "function") for (let i = 0; i < 3; i++) collect();
    const memory: unknown = Reflect.get(performance, "memory");
    const heap: unknown =
      typeof memory === "object" && memory !== null ? Reflect.get(memory, "usedJSHeapSize") : undefined;
    const counts = [...live].map(([kind, objects]) => [kind, objects.size] as const);
    return { ...Object.fromEntries(counts), bytes, ...(typeof heap === "number" ? { heap } : {}) };
  };
}

/** Calls `after` on every call of a class's method, if the page has the class. The returned function undoes this. */
function hook(
  type: string,
  method: string,
  after: (result: unknown, args: readonly unknown[], self: unknown) => void,
  before: (args: unknown[]) => unknown[] = (args) => args,
): () => void {
  const prototype: unknown = Reflect.get(globalThis, type)?.prototype;
  const original: unknown =
    typeof prototype === "object" && prototype !== null ? Reflect.get(prototype, method) : undefined;
  if (typeof original !== "function" || typeof prototype !== "object" || prototype === null) return () => {};
  Reflect.set(prototype, method, function (this: unknown, ...args: unknown[]): unknown {
    const result: unknown = Reflect.apply(original, this, before(args));
    after(result, args, this);
    return result;
  });
  return () => void Reflect.set(prototype, method, original);
}

/** Remembers the devices and contexts that are made from now on; the function loses them all. */
function watchDevices(): () => Promise<void> {
  const losers: (() => void)[] = [];
  hook("HTMLCanvasElement", "getContext", (made) => {
    if (made instanceof WebGL2RenderingContext)
      losers.push(() => made.getExtension("WEBGL_lose_context")?.loseContext());
  });
  hook("GPUAdapter", "requestDevice", (made) => {
    void Promise.resolve(made).then((device: unknown) => {
      const destroy: unknown = Reflect.get(Object(device), "destroy");
      if (typeof destroy === "function") losers.push(() => void Reflect.apply(destroy, device, []));
    });
  });
  return async () => {
    for (const lose of losers) lose();
    // The loss is reported in a later turn of the event loop.
    await new Promise((resolve) => setTimeout(resolve, 100));
  };
}

/** Until mended, every shader that is compiled has an error in it. */
function breakShaders(): { mend(): void } {
  const nonsense = "\nthis is no shader";
  const undo = [
    hook(
      "WebGL2RenderingContext",
      "shaderSource",
      () => {},
      ([shader, source]) => [shader, String(source) + nonsense],
    ),
    hook(
      "GPUDevice",
      "createShaderModule",
      () => {},
      ([descriptor]) => [{ code: String(Reflect.get(Object(descriptor), "code")) + nonsense }],
    ),
  ];
  return { mend: () => undo.forEach((each) => each()) };
}
