"""The SLURM profile and the rules fit together; tests/slurm runs them on a SLURM."""

import re
from pathlib import Path

import yaml

HOME = Path(__file__).resolve().parents[1]
RULES = "".join(path.read_text() for path in sorted((HOME / "workflow/rules").glob("*.smk")))
PROFILE = yaml.safe_load((HOME / "workflow/profiles/slurm/profile.yaml").read_text())


def test_what_is_said_of_rules_is_said_of_rules_that_exist():
    """Snakemake passes over a name that is none."""
    named = {rule for key in ("set-resources", "set-threads", "groups") for rule in PROFILE[key]}
    assert named <= set(re.findall(r"^ *(?:rule|use rule \w+ as) (\w+)\b", RULES, re.M))


def test_memory_time_and_retries_are_said_in_the_profile_alone():
    """What a rule says would hold beside it; retries of a rule are made again inside the job."""
    assert not re.findall(r"\b(mem_mb|mem|runtime|retries)\b *[:=]", RULES)
    assert PROFILE["retries"] == 2


def test_memory_and_time_grow_with_the_attempt():
    for asked in (PROFILE["default-resources"], *PROFILE["set-resources"].values()):
        for key in ("mem_mb", "runtime"):
            assert re.fullmatch(r"\d+ \* attempt", asked.get(key, "1 * attempt"))


def test_no_job_arrays():
    assert "slurm-array-jobs" not in PROFILE
