"""The optimiser of all networks (Section IV-B)."""

from inspect import unwrap

import torch


class Adam(torch.optim.Adam):
    """PyTorch's Adam (Kingma and Ba, ICLR 2015) without its decorators.

    They import PyTorch's compiler to tell it to leave the optimiser alone: 2 s, which no training uses.
    """

    add_param_group = unwrap(torch.optim.Adam.add_param_group)
    zero_grad = unwrap(torch.optim.Adam.zero_grad)
    step = torch.no_grad()(unwrap(torch.optim.Adam.step))
