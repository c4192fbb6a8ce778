"""JAX: `lax.scan` under `jit`, the input's products taken out of the loop. XLA takes as many threads as it sees cores, so the process is bound to as many."""

import os
import sys

threads = int(sys.argv[1])
if hasattr(os, "sched_setaffinity"):
    os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[-threads:])
os.environ["JAX_PLATFORMS"] = "cpu"

import jax
import jax.numpy as jnp
import numpy

from serve import serve


def about():
    return {"about": f"JAX {jax.__version__}, XLA on CPU"}


def norm(x, gain, bias):
    mean = x.mean(-1, keepdims=True)
    deviation = x - mean
    return deviation * jax.lax.rsqrt((deviation * deviation).mean(-1, keepdims=True) + 1e-5) * gain + bias


def gated(h, gx, gh):
    hidden = h.shape[-1]
    rz = jax.nn.sigmoid(gx[:, : 2 * hidden] + gh[:, : 2 * hidden])
    r, z = jnp.split(rz, 2, axis=1)
    n = jnp.tanh(gx[:, 2 * hidden :] + r * gh[:, 2 * hidden :])
    return z * h + (1 - z) * n


def rnn(p, h, gx):
    return jnp.tanh(gx + h @ p["U"] + p["bh"])


def gru(p, h, gx):
    return gated(h, gx, h @ p["U"] + p["bh"])


def layer_norm_gru(p, h, gx):
    return gated(h, gx, norm(h @ p["U"], p["gainh"], p["bh"]))


def lstm(p, state, gx):
    h, c = state
    i, f, g, o = jnp.split(gx + h @ p["U"] + p["bh"], 4, axis=1)
    c = jax.nn.sigmoid(f) * c + jax.nn.sigmoid(i) * jnp.tanh(g)
    return jax.nn.sigmoid(o) * jnp.tanh(c), c


STEPS = {"rnn": rnn, "gru": gru, "custom-gru": gru, "layer-norm-gru": layer_norm_gru, "lstm": lstm}


def projected(cell, p, x):
    product = x @ p["W"]
    return norm(product, p["gain"], p["b"]) if cell == "layer-norm-gru" else product + p["b"]


def initial(cell, batch, hidden):
    zeros = jnp.zeros((batch, hidden), jnp.float32)
    return (zeros, zeros) if cell == "lstm" else zeros


def output_of(state):
    return state[0] if isinstance(state, tuple) else state


def forward(cell, p, x, lengths=None):
    """x [time, batch, input]; beyond a row's length its state stays and its output is 0."""
    step = STEPS[cell]
    start = initial(cell, x.shape[1], p["U"].shape[0])

    def body(state, at):
        gx, t = at
        after = step(p, state, gx)
        if lengths is None:
            return after, output_of(after)
        active = (t < lengths)[:, None]
        kept = jax.tree_util.tree_map(lambda new, old: jnp.where(active, new, old), after, state)
        return kept, jnp.where(active, output_of(after), 0.0)

    return jax.lax.scan(body, start, (projected(cell, p, x), jnp.arange(x.shape[0])))[1]


def part(data, prefix):
    return {name[len(prefix) + 1 :]: jnp.asarray(value) for name, value in data.items() if name.startswith(prefix + ".")}


def time_first(array):
    return jnp.asarray(numpy.ascontiguousarray(array.transpose(1, 0, 2)))


def batch_first(array):
    return numpy.ascontiguousarray(numpy.asarray(array).transpose(1, 0, 2))


def train(case, data):
    cell = case["cell"]
    lengths = jnp.asarray(data["lengths"]) if case["kind"] == "ragged" else None
    params, x, g = part(data, "params"), time_first(data["x"]), time_first(data["g"])
    loss = lambda params, x, g: jnp.vdot(forward(cell, params, x, lengths), g)
    backward = jax.jit(jax.grad(loss, argnums=(0, 1)))
    run = lambda: jax.block_until_ready(backward(params, x, g))

    def results():
        dp, dx = run()
        named = {f"grad.{name}": numpy.asarray(value) for name, value in dp.items()}
        output = jax.jit(lambda p, x: forward(cell, p, x, lengths))(params, x)
        return {"output": batch_first(output), **named, "grad.x": batch_first(dx)}

    return run, results


def adam(case, data):
    cell, x, labels = case["cell"], time_first(data["x"]), jnp.asarray(data["labels"])
    params = {"recurrent": part(data, "params"), "readout": part(data, "dense")}
    zeros = lambda: jax.tree_util.tree_map(jnp.zeros_like, params)
    state = {"params": params, "m": zeros(), "v": zeros(), "step": jnp.zeros((), jnp.float32)}

    def loss(params):
        last = forward(cell, params["recurrent"], x)[-1]
        logits = last @ params["readout"]["W"] + params["readout"]["b"]
        return -jnp.take_along_axis(jax.nn.log_softmax(logits), labels[:, None], axis=1).mean()

    def update(state):
        value, gradient = jax.value_and_grad(loss)(state["params"])
        step = state["step"] + 1
        m = jax.tree_util.tree_map(lambda m, g: 0.9 * m + 0.1 * g, state["m"], gradient)
        v = jax.tree_util.tree_map(lambda v, g: 0.999 * v + 0.001 * g * g, state["v"], gradient)
        rate = 0.001 / (1 - 0.9**step)
        params = jax.tree_util.tree_map(
            lambda p, m, v: p - rate * m / (jnp.sqrt(v / (1 - 0.999**step)) + 1e-8), state["params"], m, v
        )
        return {"params": params, "m": m, "v": v, "step": step}, value

    compiled = jax.jit(update, donate_argnums=0)
    held = [state]

    def run():
        held[0], value = compiled(held[0])
        return float(value)

    return run, lambda: {"losses": numpy.array([run() for _ in range(3)], numpy.float32)}


def inference(case, data):
    cell, params = case["cell"], part(data, "params")
    step = jax.jit(lambda state, x: STEPS[cell](params, state, projected(cell, params, x)))
    xs = data["x"][0][:, None, :]
    start = initial(cell, 1, case["hidden"])

    def run():
        state = start
        for x in xs:
            state = jax.block_until_ready(step(state, x))
        return output_of(state)

    return run, lambda: {"output": numpy.asarray(run())}


KINDS = {"train": train, "ragged": train, "adam": adam, "inference": inference}

serve(about, lambda case, data: KINDS[case["kind"]](case, data))
