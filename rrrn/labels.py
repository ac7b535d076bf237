"""What the paper calls our methods and conditions."""

from rrrn import methods

METHODS = {name: method.label for name, method in methods.METHODS.items()}


def method(name: str) -> str:
    """Return the paper's name of a method, or the name itself."""
    return METHODS.get(name, name)


def condition(name: str) -> str:
    """Return the paper's name of a condition: ``random-05`` is ``Occ-5%``."""
    if name.startswith("random-"):
        return f"Occ-{int(name.removeprefix('random-'))}%"
    return {"none": "Un-occ", "mask": "Mask", "glasses": "Glass"}.get(name, name)
