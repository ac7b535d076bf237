"""The weights stage fetches a file whole, with its digest checked, or says what to do by hand."""

import argparse
import hashlib

import pytest
import torch

from rrrn.experiment import methods
from rrrn.networks import pretrained
from rrrn.running.stage import InputError
from rrrn.stages import weights


def published(folder, state, digest=None):
    """A weights file as the publisher names it: the first digits of its sha256 in its name; returns its address."""
    path = folder / "net.pth"
    torch.save(state, path)
    digest = digest or hashlib.sha256(path.read_bytes()).hexdigest()[:8]
    return path.rename(folder / f"net-{digest}.pth").as_uri()


def test_main_fetches_the_file_as_it_is(tmp_path, monkeypatch):
    state = {"fc.weight": torch.arange(6.0).reshape(2, 3)}
    url = published(tmp_path, state)
    monkeypatch.setattr(weights, "address", lambda source: url)
    output = tmp_path / "data" / "weights" / "resnet18.pth"
    weights.main(argparse.Namespace(source="resnet18", output=output))
    assert torch.equal(pretrained.read(output)["fc.weight"], state["fc.weight"])
    assert list(output.parent.iterdir()) == [output]


@pytest.mark.parametrize("digest", ["00000000", None])
def test_a_wrong_or_absent_file_is_one_clear_message(tmp_path, digest):
    url = published(tmp_path, {"x": torch.zeros(1)}, digest)
    if digest is None:
        url = url.replace("net-", "absent-")
    output = tmp_path / "out" / "resnet18.pth"
    with pytest.raises(InputError, match=r"put it at .*out/resnet18\.pth"):
        weights.fetch(url, output)
    assert list(output.parent.iterdir()) == []


def test_addresses_end_in_digits_of_a_digest():
    sources = [method.source for method in methods.METHODS.values() if method.source]
    assert len(sources) == 2
    for source in sources:
        assert len(bytes.fromhex(weights.address(source).rpartition("-")[2].removesuffix(".pth"))) == 4


def test_an_address_is_taken_as_it_is_and_another_word_is_refused():
    assert weights.address("https://example.org/net-01234567.pth") == "https://example.org/net-01234567.pth"
    with pytest.raises(InputError, match="ResNet19: is no address, and torchvision has no such weights"):
        weights.address("ResNet19")
