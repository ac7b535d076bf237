"""What the steps are given: parts of the configuration, digests, and inputs that depend on wildcards."""

import json


def settings(*paths):
    """The named parts of the configuration as one canonical text: what a stage is told, and no more."""
    return json.dumps(merge([pick(config, path) for path in paths]), sort_keys=True)


def code(*modules):
    """A digest of the code that is run, so that Snakemake sees it change."""
    return provenance.digest(*modules)


def rows(*columns, subject=None):
    """A digest of what is used of the clip table, some columns of one subject or of all."""
    return clips.digest(
        CLIPS if subject is None else clips.of_subject(CLIPS, subject), *columns
    )


def clip_table(wildcards, output):
    """The path of the clip table. What is derived of outputs is not tracked: its rows count, not its name."""
    return config["clips"]


def recorded(wildcards):
    """A digest of a subject's frames on disk, if no rule makes them."""
    if wildcards.subject in SYNTHETIC:
        return ""
    return FRAMES.fingerprint(
        frames_seen.Stretch(Path(clip.frames), clip.onset, clip.offset)
        for clip in clips.of_subject(CLIPS, wildcards.subject)
    )


def kind(condition):
    """The kind of a condition: random-05 is random."""
    return condition.split("-")[0]


def occlusion(wildcards):
    """What the occluder of a condition is told: its own section, how it is held, and how it looks unless a patch."""
    own = kind(wildcards.condition)
    if own == "none":
        return settings()
    anchor = ["occlude.anchor", "occlude.stable"]
    look = [] if own == "random" else ["occlude.look"]
    return settings("occlude.seed", *anchor, *look, f"occlude.{own}")


def own_art(wildcards):
    """A digest of the folder of the user's own occluders of a condition; nothing if they are built in."""
    section = config["occlude"].get(kind(wildcards.condition), {})
    art = section.get("art", "built_in")
    return "" if art == "built_in" else listing.contents(Path(art))


def solvers():
    """The modules of the engines that may solve the flow, whatever this machine has: auto is the same everywhere."""
    chosen = config["flow"]["engine"]
    names = ["cuda", "numba"] if chosen == "auto" else [chosen]
    return [f"rrrn.tvl1.{name}_engine" for name in names]


def flow_gpus():
    """How many GPUs a job of flow takes. No parameter of the rule: a file is not made again for another machine."""
    engine = config["flow"]["engine"]
    if engine != "auto":
        return 1 if engine in ("cuda", "opencv_cuda") else 0
    # conda's environment for auto has no PyTorch, and a warm start is numba's
    deployed = workflow.deployment_settings.deployment_method
    return 1 if CARDS and not deployed and not config["flow"]["warm_start"] else 0


def views(wildcards):
    """All views of a condition that is trained on; else those that are tested."""
    return protocol.views(config, wildcards.condition)


def training(wildcards):
    """The packed conditions that a training learns from."""
    return expand(
        "results/regions/{condition}.h5", condition=TRAINING_SETS[wildcards.trained_on]
    )


def tested(trained_on):
    """The conditions that a training is tested on."""
    return protocol.tested(config, trained_on)


def optimisation(network):
    """What a training is told: all but how much memory it may use, which changes no result."""
    keys = [f"train.{key}" for key in config["train"] if key != "max_memory_gb"]
    return settings(*keys, METHODS[network].section)


def weights(network):
    """Where a network's initial weights come from: the rule below, the user's own file, or nowhere."""
    return protocol.weights(config, network)


def predictions(wildcards):
    """The files that hold a method's predictions under a condition, for all folds and seeds of a table."""
    trained_on = TRAINED_ON[wildcards.condition]
    folder = f"results/predictions/{wildcards.method}/{trained_on}"
    if wildcards.method in DESCRIPTORS:
        return [f"{folder}/{wildcards.condition}.csv"]
    return [
        f"{folder}/{fold}-{seed}.csv"
        for fold in table_folds(wildcards)
        for seed in SEEDS
    ]


def table_folds(wildcards):
    """The folds of a table; Table III needs the two databases of the holdout."""
    if wildcards.table not in TABLES:
        raise WorkflowError(
            f"Table {wildcards.table} needs the databases {' and '.join(HOLDOUT)} (protocol.holdout); "
            f"{config['clips']} has {', '.join(sorted(DATABASES))}"
        )
    return TABLES[wildcards.table]


def scores_of_tables(wildcards, input):
    """Each table with its task and its scores, which do not name it."""
    told = []
    for table in TABLES:
        paths = [
            path for path in input.scores if path.startswith(f"results/scores/{table}/")
        ]
        told += ["--scores", table, TASKS[table], *paths]
    return told
