"""Whether a folder has a profile of Snakemake; what is in it, Snakemake says."""

from pathlib import Path

import yaml

from rrrn.experiment import doubles
from rrrn.experiment.defaults import reason
from rrrn.running.stage import InputError


def file(folder: Path) -> Path:
    """Return the file of a profile; raises InputError, naming it, if it cannot be read or has a key twice."""
    candidates = [folder] if folder.is_file() else [folder / "profile.yaml", folder / "config.yaml"]
    path = next((one for one in candidates if one.is_file()), candidates[0])
    try:
        text = path.read_text(encoding="utf-8")
        found = yaml.safe_load(text)
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise InputError(
            f"{path}: cannot be read as a profile ({reason(error)}); name its folder with --profile"
        ) from None
    if not isinstance(found, dict):
        raise InputError(f"{path}: is no profile; name its folder with --profile")
    doubles.check(text, str(path))
    return path
