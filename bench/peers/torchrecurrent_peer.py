"""torchrecurrent's layers, by the name of their class, with time in front."""

import sys

threads = int(sys.argv[1])

import torch
import torchrecurrent
from importlib.metadata import version

from serve import serve

torch.set_num_threads(threads)
torch.set_num_interop_threads(1)


def about():
    return {"about": f"torchrecurrent {version('torchrecurrent')} on PyTorch {torch.__version__}"}


def prepare(case, data):
    module = getattr(torchrecurrent, case["cell"])(case["input"], case["hidden"])
    x = torch.from_numpy(data["x"]).transpose(0, 1).contiguous().requires_grad_()
    leaves = [*(value for value in module.parameters() if value.requires_grad), x]
    g = torch.ones_like(module(x)[0])

    def run():
        return torch.autograd.grad(module(x)[0], leaves, g, allow_unused=True)

    return run, lambda: {"output": module(x)[0].detach().numpy()}


serve(about, prepare)
