"""The GRU-D of PyPOTS: its layer as its classifier and its imputer use it, over padded rows, with batch in front."""

import sys

threads = int(sys.argv[1])

import torch
from importlib.metadata import version
from pypots.nn.modules.grud import BackboneGRUD

from serve import serve

torch.set_num_threads(threads)
torch.set_num_interop_threads(1)


def about():
    return {"about": f"PyPOTS {version('pypots')} on PyTorch {torch.__version__}"}


def last_observed(x, mask):
    """What PyPOTS prepares before training: each value, or the last observed one of its row, or 0."""
    filled, last = [], torch.zeros_like(x[:, 0])
    for t in range(x.shape[1]):
        last = torch.where(mask[:, t] > 0, x[:, t], last)
        filled.append(last)
    return torch.stack(filled, 1)


def prepare(case, data):
    module = BackboneGRUD(case["longest"], case["input"], case["hidden"])
    x, mask, delta, g = (torch.from_numpy(data[name]) for name in ("x", "extra.mask", "extra.delta", "g"))
    means, filled = torch.zeros(case["input"]), last_observed(x, mask)
    leaves = list(module.parameters())

    def run():
        return torch.autograd.grad(module(x, mask, delta, means, filled)[0], leaves, g)

    return run, lambda: {}


serve(about, prepare)
