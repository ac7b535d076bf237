import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from scaffold import CONFIG, copy, snakemake

# so that the commands which tests start find the package, also where it is not installed
os.environ["PYTHONPATH"] = str(Path(__file__).resolve().parents[1])

# no test fails for the time that it takes: others may use the machine
settings.register_profile("patient", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("patient")


@pytest.fixture(scope="session")
def done(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The toy run to its tables. Who edits it puts everything back."""
    root = copy(tmp_path_factory.mktemp("toy") / "with space")
    run = snakemake(root, "--cores", "2", "--quiet", "rules", "progress", *CONFIG, "--", "all")
    assert run.returncode == 0, run.stdout + run.stderr
    return root
