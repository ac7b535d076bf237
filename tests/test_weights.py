"""The weights stage fetches a file whole, with its digest checked, or says what to do by hand."""

import argparse
import hashlib

import pytest
import torch

from rrrn.experiment import methods
from rrrn.networks import pretrained
from rrrn.running.stage import InputError
from rrrn.stages import weights


def published(folder, state):
    """The address of a weights file, and the first digits of its sha256."""
    path = folder / "net.pth"
    torch.save(state, path)
    return path.as_uri(), hashlib.sha256(path.read_bytes()).hexdigest()[:8]


def test_main_fetches_the_file_as_it_is(tmp_path):
    state = {"fc.weight": torch.arange(6.0).reshape(2, 3)}
    url, sha256 = published(tmp_path, state)
    output = tmp_path / "data" / "weights" / "resnet18.pth"
    weights.main(argparse.Namespace(source=url, sha256=sha256, output=output))
    assert torch.equal(pretrained.read(output)["fc.weight"], state["fc.weight"])
    assert list(output.parent.iterdir()) == [output]


@pytest.mark.parametrize("name", ["net.pth", "absent.pth"])
def test_a_wrong_or_absent_file_is_one_clear_message(tmp_path, name):
    url, _ = published(tmp_path, {"x": torch.zeros(1)})
    output = tmp_path / "out" / "resnet18.pth"
    with pytest.raises(InputError, match=r"put it at .*out/resnet18\.pth"):
        weights.fetch(url.replace("net.pth", name), output, "00000000")
    assert list(output.parent.iterdir()) == []


def test_torchvisions_addresses_have_the_digits_that_are_declared():
    fetched = [method for method in methods.METHODS.values() if method.source]
    assert len(fetched) == 2
    for method in fetched:
        assert weights.address(method.source).endswith(f"-{method.sha256}.pth")


def test_an_address_is_taken_as_it_is_and_another_word_is_refused():
    assert weights.address("https://example.org/net-01234567.pth") == "https://example.org/net-01234567.pth"
    with pytest.raises(InputError, match="ResNet19: is no address, and torchvision has no such weights"):
        weights.address("ResNet19")
