"""The configuration, the clip table, the wildcards, and where things are."""

import os
import re
import shlex
import sys
from pathlib import Path

from rrrn.data import clips
from rrrn.experiment import (
    control_conditions,
    doubles,
    folds,
    protocol,
    registry,
    whose,
)
from rrrn.planning import ahead
from rrrn.running import libraries
from rrrn.provenance import frames_seen, lost, promised, recipes, sources, stale
from rrrn.running import cards, resources, starts, submission, workplace, writable
from rrrn.report.catalogue import FIGURES
from rrrn.tables import caption
from rrrn.experiment.config import check, check_together, completed
from rrrn.experiment.methods import METHODS, names
from rrrn.experiment.conditions import CLEAR, KINDS, kind_of
from rrrn.running.stage import InputError


def stop(error):
    """End with one message for a user's mistake; Snakemake would put two lines around it, and with -q all drop it."""
    sys.exit(f"error: {error}")


if set("{}") & set(str(sources.HOME)):
    stop(
        f"{sources.HOME}: Snakemake takes braces in a path for wildcards; move the workflow to a folder without"
    )

# Environments of jobs' own bring other libraries than are installed here.
DEPLOYED = bool(workflow.deployment_settings.deployment_method)

# Jobs run the code that is digested here, with the Python that runs Snakemake unless conda brings another.
CODE = workplace.importable(sources.STATE) if DEPLOYED else sources.HOME
prefix = f"export PYTHONSAFEPATH=1 PYTHONPATH={shlex.quote(str(CODE))}; "
if not DEPLOYED:
    prefix += f'export PATH={shlex.quote(os.path.dirname(sys.executable))}:"$PATH"; '
shell.prefix(prefix.replace("{", "{{").replace("}", "}}"))  # a format string

# Which executor it is becomes known after the rules are read; only those that submit jobs are given a number of them.
# A Snakemake inside of a job was judged by the one that submitted it.
SUBMITS = workflow.is_main_process and workflow.resource_settings.nodes is not None

# A run, and not one of the many ways to ask a workflow something: only that is given cores or a number of jobs.
RUNS = (
    workflow.is_main_process
    and not workflow.output_settings.dryrun
    and bool(workflow.resource_settings.cores or workflow.resource_settings.nodes)
)


def configured():
    """All YAML texts that the configuration was read from, each with what it is called."""
    for path in dict.fromkeys(map(str, workflow.configfiles)):
        yield Path(path).read_text(encoding="utf-8"), path
    for text in submission.texts(workflow.config_settings.config_args):
        yield text.partition("=")[2], f"--config {text}"


def laid():
    """All files of the configuration in the order in which they are laid over each other."""
    own = [str(path) for path in workflow.overwrite_configfiles]
    return [*(path for path in map(str, workflow.configfiles) if path not in own), *own]


def written():
    """All folders that a run writes into."""
    folders = [
        ".snakemake",
        "results",
        "logs",
        *(["data/synthetic"] if SYNTHETIC else []),
    ]
    return map(Path, folders)


def submitted():
    """All names that get into the command of a cluster's job, each with what it is the name of."""
    for clip in CLIPS:
        yield "database", clip.database
        yield "subject", clip.subject
    for path in workflow.overwrite_configfiles:
        yield "configuration file", str(path)
    for text in submission.texts(workflow.config_settings.config_args):
        yield "--config", text
    for path in protocol.files(config):
        yield "file of weights", path
    for path in config["plugins"]:
        yield "plugin", path
    yield "clip table", str(config["clips"])
    yield "working directory", os.getcwd()
    yield "directory of this start", workflow.workdir_init
    yield "Snakefile", str(workflow.main_snakefile)
    yield "Python", sys.executable


try:
    if workflow.is_main_process:
        for text, name in configured():
            doubles.check(text, name)
    check(config, resources.path("workflow/schemas/config.schema.yaml"))
    config.update(completed(config))
    CLIPS = clips.read(config["clips"])
    check_together(config, CLIPS)
    if workflow.is_main_process:
        ahead.check(config, CLIPS)
    if SUBMITS:
        submission.check(submitted())
    starts.note(workflow)  # for rrrn resume
except (InputError, OSError) as error:
    stop(whose.named(error, laid(), workflow.config_settings.config))

CONDITIONS = config["conditions"]
PLAIN = control_conditions.plain(CONDITIONS)  # without controls
CONTROLS = {name: control_conditions.split(name)[1] for name in CONDITIONS}
SIDED = [name for name in CONDITIONS if CONTROLS[name] in control_conditions.SIDES]
SHIFTS = [name for name in control_conditions.SHIFTS if name in CONTROLS.values()]
JITTERED = control_conditions.JITTERED in CONTROLS.values()
CLASSES = ",".join(config["classes"])
SUBJECTS = sorted({clip.subject for clip in CLIPS})
SYNTHETIC = {clip.subject for clip in CLIPS if clip.source == "synthetic"}
DATABASES = {clip.database for clip in CLIPS}
VIEW = config["protocol"]["view"]

TRAINING_SETS = protocol.training_sets(config)
TUNED = protocol.tuned(config)
HOLDOUT = config["protocol"]["holdout"]
sources.recall(sources.STATE)
RECIPES = recipes.Recipes(
    config,
    CLIPS,
    frames_seen.Seen(sources.STATE / "frames"),
    watched=not DEPLOYED,
)
TABLES, TASKS, FOLDS = RECIPES.tables, RECIPES.tasks, RECIPES.folds
NAMES = {
    "subject": SUBJECTS,
    "condition": CONDITIONS,
    "training set": TRAINING_SETS,
    "fold": FOLDS,
    "library": libraries.told(frozenset(libraries.WATCHED)).split(","),
}


def asked_with():
    """The arguments that rrrn verify is told this configuration by."""
    files = [str(path) for path in workflow.overwrite_configfiles]
    given = [f"{key}={value}" for key, value in workflow.config_settings.config.items()]
    return [
        *(["--configfile", *files] if files else []),
        *(["--config", *given] if given else []),
    ]


try:
    if RUNS:
        writable.check(written())
    if workflow.is_main_process:
        promised.write(RECIPES.with_report(), NAMES)
        command = stale.told(sys.argv[1:])
        if stale.matters(command):
            stale.check(RECIPES.with_report(), asked_with(), stale.watched(command))
            lost.check(RECIPES.every(), getattr(command, "targets", None) or ())
        sources.remember(sources.STATE)
    else:
        promised.check_names(NAMES)
except InputError as error:
    stop(error)


# GPUs that Snakemake itself gives to jobs: this machine's, unless a cluster's scheduler does. Without this limit all
# cores' jobs would meet on one card; --resources gpu=N sets another.
here = workflow.is_main_process and workflow.resource_settings.nodes is None
CARDS = cards.count() if here else 0
if CARDS and "gpu" not in workflow.global_resources:
    workflow.global_resources["gpu"] = CARDS


def one_of(names):
    return "|".join(re.escape(name) for name in names)


wildcard_constraints:
    subject=one_of(SUBJECTS),
    condition=one_of(CONDITIONS),
    kind=one_of([name for name, kind in KINDS.items() if kind.pictures]),
    trained_on=one_of(TRAINING_SETS),
    descriptor=one_of(names("descriptor")),
    network=one_of(names("network")),
    method=one_of(METHODS),
    fold=one_of(FOLDS),
    seed=r"\d+",
    table="iii_a|iii_b|iv",
