"""PyTorch, as one who knows it would write it: time in front, built-in layers where there are some, and a custom cell that unbinds its sequence."""

import os
import sys

threads = int(sys.argv[1])

import numpy
import torch
import torch.nn.functional as F
from torch.nn.utils.rnn import PackedSequence, pack_padded_sequence, pack_sequence, pad_sequence

from serve import serve

torch.set_num_threads(threads)
if hasattr(torch, "set_num_interop_threads"):
    torch.set_num_interop_threads(1)

BUILT_IN = {"rnn": torch.nn.RNN, "gru": torch.nn.GRU, "lstm": torch.nn.LSTM}


def blas():
    """The library that does the matrix products: compiled in, or what this process has loaded."""
    config = torch.__config__.show()
    if "BLAS_INFO=mkl" in config:
        return "MKL"
    with open("/proc/self/maps") as maps:
        loaded = maps.read()
    return "OpenBLAS" if "openblas" in loaded else None


def about():
    torch.ones(64, 64) @ torch.ones(64, 64)
    found = blas()
    answer = {"about": f"PyTorch {torch.__version__} with {found or 'plain BLAS'}"}
    if found is None:
        answer["warning"] = "without OpenBLAS its products run on plain BLAS, so it is no fair peer: apt-get install libopenblas0-pthread"
    return answer


def gated(h, gx, gh, hidden):
    rz = torch.sigmoid(gx[:, : 2 * hidden] + gh[:, : 2 * hidden])
    r, z = rz.chunk(2, 1)
    n = torch.tanh(torch.addcmul(gx[:, 2 * hidden :], r, gh[:, 2 * hidden :]))
    return torch.lerp(n, h, z)


def custom_gru(p, x):
    hidden = p["U"].shape[0]
    h = x.new_zeros(x.shape[1], hidden)
    outputs = []
    for gx in (x @ p["W"] + p["b"]).unbind(0):
        h = gated(h, gx, torch.addmm(p["bh"], h, p["U"]), hidden)
        outputs.append(h)
    return torch.stack(outputs)


def layer_norm_gru(p, x):
    hidden = p["U"].shape[0]
    width = (3 * hidden,)
    h = x.new_zeros(x.shape[1], hidden)
    outputs = []
    for gx in F.layer_norm(x @ p["W"], width, p["gain"], p["b"]).unbind(0):
        h = gated(h, gx, F.layer_norm(h @ p["U"], width, p["gainh"], p["bh"]), hidden)
        outputs.append(h)
    return torch.stack(outputs)


CUSTOM = {"custom-gru": custom_gru, "layer-norm-gru": layer_norm_gru}


def part(data, prefix):
    return {name[len(prefix) + 1 :]: torch.from_numpy(value) for name, value in data.items() if name.startswith(prefix + ".")}


def built_in(case, data):
    module = BUILT_IN[case["cell"]](case["input"], case["hidden"])
    module.load_state_dict(part(data, "torch"))
    return module


def time_first(array):
    return torch.from_numpy(array).transpose(0, 1).contiguous()


def batch_first(value):
    return value.detach().transpose(0, 1).contiguous().numpy()


def train(case, data):
    if case["cell"] in BUILT_IN:
        module = built_in(case, data)
        parameters = dict(module.named_parameters())
        forward = lambda x: module(x)[0]
    else:
        parameters = {name: value.requires_grad_() for name, value in part(data, "params").items()}
        forward = lambda x: CUSTOM[case["cell"]](parameters, x)
    x, g = time_first(data["x"]).requires_grad_(), time_first(data["g"])
    leaves = [*parameters.values(), x]

    def run():
        return torch.autograd.grad(forward(x), leaves, g)

    def results():
        gradients = run()
        named = {f"grad.{name}": value.numpy() for name, value in zip(parameters, gradients)}
        with torch.no_grad():
            return {"output": batch_first(forward(x)), **named, "grad.x": batch_first(gradients[-1])}

    return run, results


def ragged(case, data):
    module = built_in(case, data)
    parameters = dict(module.named_parameters())
    lengths = torch.from_numpy(data["lengths"]).long()
    x = time_first(data["x"]).requires_grad_()
    g = pack_padded_sequence(time_first(data["g"]), lengths).data
    leaves = [*parameters.values(), x]

    def forward():
        return module(pack_padded_sequence(x, lengths))[0]

    def run():
        return torch.autograd.grad(forward().data, leaves, g)

    def results():
        gradients = run()
        named = {f"grad.{name}": value.numpy() for name, value in zip(parameters, gradients)}
        with torch.no_grad():
            output, _ = torch.nn.utils.rnn.pad_packed_sequence(forward(), total_length=case["time"])
        return {"output": batch_first(output), **named, "grad.x": batch_first(gradients[-1])}

    return run, results


def events(case, data):
    bidirectional = case["cell"] == "bidirectional"
    module = BUILT_IN["gru" if bidirectional else case["cell"]](case["input"], case["hidden"], bidirectional=bidirectional)
    module.load_state_dict(part(data, "torch"))
    parameters = dict(module.named_parameters())
    lengths = torch.from_numpy(data["lengths"]).long()
    x, g = time_first(data["x"]), time_first(data["g"])
    packed = case["rows"] == "packed"
    if packed:
        g = pack_padded_sequence(g, lengths, enforce_sorted=False).data

    def run():
        output = module(pack_padded_sequence(x, lengths, enforce_sorted=False))[0].data if packed else module(x)[0]
        return torch.autograd.grad(output, list(parameters.values()), g)

    return run, lambda: {f"grad.{name}": value.numpy() for name, value in zip(parameters, run())}


def adam(case, data):
    module = built_in(case, data)
    readout = torch.nn.Linear(case["hidden"], data["dense.b"].shape[0])
    readout.load_state_dict({"weight": torch.from_numpy(data["dense.W"].T.copy()), "bias": torch.from_numpy(data["dense.b"])})
    x, labels = time_first(data["x"]), torch.from_numpy(data["labels"]).long()
    optimizer = torch.optim.Adam([*module.parameters(), *readout.parameters()], lr=0.001)

    def run():
        optimizer.zero_grad(set_to_none=True)
        loss = F.cross_entropy(readout(module(x)[0][-1]), labels)
        loss.backward()
        optimizer.step()
        return loss.item()

    return run, lambda: {"losses": torch.tensor([run() for _ in range(3)]).numpy()}


CELLS = {"rnn": torch.nn.RNNCell, "gru": torch.nn.GRUCell, "lstm": torch.nn.LSTMCell}


def inference(case, data):
    cell = CELLS[case["cell"]](case["input"], case["hidden"])
    cell.load_state_dict({name[: -len("_l0")]: value for name, value in part(data, "torch").items()})
    steps = list(time_first(data["x"]).unbind(0))

    def run():
        with torch.inference_mode():
            h = None
            for x in steps:
                h = cell(x, h)
            return h

    return run, lambda: {"output": run().numpy()}


def batches(case, data):
    module = torch.nn.LSTM(case["input"], case["hidden"], case["layers"])
    readout = torch.nn.Linear(case["hidden"], case["outputs"])
    module.load_state_dict(part(data, "lstm"))
    readout.load_state_dict(part(data, "linear"))
    lengths = numpy.diff(data["offsets"]).tolist()
    rows = list(zip(torch.from_numpy(data["x"]).split(lengths), torch.from_numpy(data["y"]).split(lengths)))
    optimizer = torch.optim.Adam([*module.parameters(), *readout.parameters()], lr=0.001)

    def packed(x, y):
        logits = readout(module(pack_sequence(x, enforce_sorted=False))[0].data)
        return F.binary_cross_entropy_with_logits(logits, pack_sequence(y, enforce_sorted=False).data)

    def padded(x, y):
        logits = readout(module(pad_sequence(x))[0])
        losses = F.binary_cross_entropy_with_logits(logits, pad_sequence(y), reduction="none")
        real = torch.tensor([len(sequence) for sequence in x])
        mask = (torch.arange(len(losses)).unsqueeze(1) < real).unsqueeze(2)
        return (losses * mask).sum() / (real.sum() * case["outputs"])

    loss_of = {"packed": packed, "padded": padded}[case["packing"]]

    def step(x, y):
        optimizer.zero_grad(set_to_none=True)
        loss = loss_of(x, y)
        loss.backward()
        optimizer.step()
        return loss.item()

    size = case["size"]
    cuts = range(0, len(rows), size)

    def run(cuts=cuts):
        return [step(*zip(*rows[first : first + size])) for first in cuts]

    return run, lambda: {"losses": torch.tensor(run(cuts[:3])).numpy()}


KINDS = {"train": train, "ragged": ragged, "events": events, "adam": adam, "inference": inference, "batches": batches}

serve(about, lambda case, data: KINDS[case["kind"]](case, data))
