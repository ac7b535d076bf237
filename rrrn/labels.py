"""What the paper calls our methods and conditions."""

METHODS = {
    "lbp_top": "LBP-TOP",
    "lbp_sip": "LBP-SIP",
    "hog3d": "3DHOG",
    "vgg16": "VGG16",
    "resnet18": "ResNet18",
    "rrrn": "RRRN",
}


def method(name: str) -> str:
    """Return the paper's name of a method, or the name itself."""
    return METHODS.get(name, name)


def condition(name: str) -> str:
    """Return the paper's name of a condition: ``random-05`` is ``Occ-5%``."""
    if name.startswith("random-"):
        return f"Occ-{int(name.removeprefix('random-'))}%"
    return {"none": "Un-occ", "mask": "Mask", "glasses": "Glass"}.get(name, name)
