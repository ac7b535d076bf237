"""The methods that are compared: what each is called, where its code and its settings are.

Read by the Snakefile in every job, hence the standard library only. Stages are told what they need of it, so that
a method that is added or called otherwise repeats nothing but tables.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal


@dataclass(frozen=True)
class Method:
    """A method: ``name`` in configuration and paths, ``label`` in tables, the paper's where the paper has it.

    ``module`` holds its code, ``section`` of the configuration its settings. ``weights`` are the published ones that
    ``pretrained: imagenet`` means; ``alpha`` says whether its predictions hold the weights of the six regions.
    """

    name: str
    label: str
    kind: Literal["descriptor", "network"]
    module: str
    section: str
    weights: str = ""
    alpha: bool = False


def _descriptor(name: str, label: str) -> Method:
    return Method(name, label, "descriptor", f"rrrn.descriptors.{name}", f"describe.{name}")


def _network(name: str, label: str, weights: str, section: str = "", alpha: bool = False) -> Method:
    module = f"rrrn.networks.{name.replace('-', '_')}"
    return Method(name, label, "network", module, f"networks.{section or name}", weights, alpha)


_ALL = (
    _descriptor("lbp_top", "LBP-TOP"),
    _descriptor("lbp_sip", "LBP-SIP"),
    _descriptor("hog3d", "3DHOG"),
    _network("vgg16", "VGG16", "vgg16"),
    _network("resnet18", "ResNet18", "resnet18"),
    _network("rrrn", "RRRN", "resnet18", alpha=True),
    # controls, which take RRRN's settings, so that its trunks are theirs
    _network("backbone", "Backbone", "resnet18", "rrrn"),
    _network("crops", "Crops", "resnet18", "rrrn"),
    _network("rrrn-fixed-alpha", "RRRN fixed alpha", "resnet18", "rrrn"),
    _network("rrrn-no-rr", "RRRN no RR", "resnet18", "rrrn", alpha=True),
)
METHODS = {method.name: method for method in _ALL}
DESCRIPTORS = tuple(method.name for method in _ALL if method.kind == "descriptor")
NETWORKS = tuple(method.name for method in _ALL if method.kind == "network")


def settings(config: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    """Return the section of a configuration that a method reads."""
    part = config
    for key in METHODS[name].section.split("."):
        part = part[key]
    return part
