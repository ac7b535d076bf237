"""Weights of a VGG16 from any of the files that there are, in one form: torchvision's names, images in RGB.

VGG-Face (Parkhi et al., BMVC 2015) is published for MatConvNet (``vgg_face.mat``, RGB), for Torch7 (``VGG_FACE.t7``,
BGR) and for Caffe, which is not read; ``vgg_face_dag.pth`` is the first of them for PyTorch. All want images from 0 to
255 less the mean of their training, which is R 129.1863, G 104.7624, B 93.5940. Flow has none to subtract. Where its
channels are three, they meet the kernels of red, green and blue in this order, whichever file these came from.
"""

from collections.abc import Mapping
from pathlib import Path

from torch import Tensor

from rrrn.networks import matconvnet, pretrained, torch7
from rrrn.running.stage import InputError

BLOCKS = (2, 2, 3, 3, 3)  # convolutions before each pooling
CONVOLUTIONS = [f"conv{block}_{one}" for block, count in enumerate(BLOCKS, start=1) for one in range(1, count + 1)]
LINEAR = ["fc6", "fc7", "fc8"]
_KERNEL = 3


def read(path: Path) -> dict[str, Tensor]:
    """Return the weights of a file under torchvision's names; what format it has, its first bytes say.

    Shapes are not compared with any network's. Raises InputError, naming the file, if it is missing, damaged, or no
    VGG16 as far as its layers say.
    """
    head = pretrained.head(path)
    if matconvnet.begins(head):
        return torchvision_names(from_matconvnet(matconvnet.layers(path)))
    if torch7.begins(head):
        return torchvision_names(from_torch7(torch7.layers(torch7.read(path)), path))
    return torchvision_names(pretrained.read(path))


def from_matconvnet(layers: Mapping[str, tuple[Tensor, Tensor]]) -> dict[str, Tensor]:
    """Return MatConvNet's filters (H, W, C_in, C_out) as PyTorch's: (C_out, C_in, H, W), or (C_out, C_in * H * W).

    Its fully connected layers are convolutions over all that is left of the image, fc6 of 7 x 7.
    """
    state = {}
    for name, (filters, biases) in layers.items():
        weight = filters.permute(3, 2, 0, 1)
        state[f"{name}.weight"] = weight.flatten(1) if name in LINEAR else weight
        state[f"{name}.bias"] = biases
    return state


def from_torch7(layers: list[tuple[Tensor, Tensor]], path: Path) -> dict[str, Tensor]:
    """Return Torch7's layers, which have no names, as PyTorch's, and the first one's kernels from BGR to RGB.

    Weights of convolutions may be matrices (C_out, C_in * H * W). Raises InputError for another number of layers, and
    for one whose kernels are not 3 x 3.
    """
    names = [*CONVOLUTIONS, *LINEAR]
    if len(layers) != len(names):
        raise InputError(f"{path}: has {len(layers)} layers with weights and a bias; a VGG16 has {len(names)}")
    state = {}
    for name, (weight, bias) in zip(names, layers, strict=True):
        if name not in LINEAR:
            if not len(weight) or weight[0].numel() % _KERNEL**2:
                raise InputError(f"{path}: layer {name} has weights {tuple(weight.shape)}, and no kernels of 3 x 3")
            weight = weight.reshape(len(weight), -1, _KERNEL, _KERNEL)
        state[f"{name}.weight"], state[f"{name}.bias"] = weight.float(), bias.float()
    state["conv1_1.weight"] = state["conv1_1.weight"].flip(1)
    return state


def torchvision_names(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Return weights of VGG-Face (``conv1_1.weight`` ... ``fc8.bias``) under torchvision's names, others unchanged."""
    if "conv1_1.weight" not in state:
        return dict(state)
    names = dict(zip(LINEAR, ("classifier.0", "classifier.3", "classifier.6"), strict=True))
    index = 0
    for name in CONVOLUTIONS:
        if name.endswith("_1") and index:
            index += 1  # a pooling follows each block
        names[name] = f"features.{index}"
        index += 2  # and an activation each convolution
    renamed = {}
    for name, value in state.items():
        layer, _, kind = name.rpartition(".")
        renamed[f"{names.get(layer, layer)}.{kind}"] = value
    return renamed
