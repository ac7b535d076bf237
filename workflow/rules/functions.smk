"""What the steps are given: their recipes, and inputs that depend on wildcards."""


def given(step):
    """What a step is told, which is code, settings and rows, each so that Snakemake sees it change, and all of it at once.

    What is derived of outputs is not tracked: it is in the recipe, or changes nothing.
    """

    def recipe(wildcards):
        return getattr(RECIPES, step)(**dict(wildcards.items()))

    return {
        "code": lambda wildcards: recipe(wildcards).code,
        "settings": lambda wildcards: recipe(wildcards).settings,
        "rows": lambda wildcards: recipe(wildcards).rows,
        "libraries": lambda wildcards: recipe(wildcards).libraries,
        "recipe": lambda wildcards: as_started(
            step, recipe(wildcards), wildcards
        ).digest,
        "told": lambda wildcards, output: recipe(wildcards).told,
        "asked": lambda wildcards, output: recipe(wildcards).asked(),
        "clips": lambda wildcards, output: config["clips"],
    }


def about(step):
    """What the report says of a table: read from the file beside it when it is asked for."""
    return lambda wildcards, output: caption.Caption(
        output.about, lambda: getattr(RECIPES, step)(**dict(wildcards.items()))
    )


def as_started(step, recipe, wildcards):
    """A recipe, if it is the one that the run was started with."""
    if not workflow.is_main_process:
        try:
            promised.check(recipe)
        except InputError as error:
            # Snakemake on the login node shows the log of a step that failed
            for log in workflow.get_rule(step).expand_log(wildcards):
                sources.keep(Path(log), f"error: {error}\n")
            stop(error)
    return recipe


def flow_gpus():
    """How many GPUs a job of flow takes. No tracked parameter: a file is not made again for another machine."""
    engine = config["flow"]["engine"]
    if engine != "auto":
        return int(engine == "cuda")
    # conda's environment for auto has no PyTorch, and a warm start is numba's
    return 1 if CARDS and not DEPLOYED and not config["flow"]["warm_start"] else 0


def anchors(condition, subject):
    """What an occluder is held by; un-occluded clips need none."""
    return [] if condition == CLEAR else [f"results/anchors/{subject}.h5"]


def art(condition):
    """The pictures of a condition whose occluders are pictures."""
    kind = kind_of(condition)
    return [f"results/art/{kind.name}.h5"] if kind.pictures else []


def occluded(condition, subject):
    """The occluded frames that a condition has of a subject."""
    return RECIPES.occlude(condition, subject).path


def all_occluded(wildcards):
    """The same of all subjects."""
    return [occluded(wildcards.condition, subject) for subject in SUBJECTS]


def views_plan(condition, subject):
    """The augmentation plan that the flow of a condition follows."""
    shift = CONTROLS[condition]
    if shift in SHIFTS:
        return f"results/augment/{shift}/{subject}.csv"
    return f"results/augment/{subject}.csv"


def conditions(names):
    """The packed conditions of these names."""
    return expand("results/pack/{condition}.h5", condition=names)


def tested(wildcards, input):
    """Each condition that a training is tested on, with its file."""
    names = protocol.tested(config, wildcards.trained_on)
    return [f"{name}={path}" for name, path in zip(names, input.test, strict=True)]


def learnt_features(wildcards):
    """What the machines of a descriptor learn from."""
    return features_of(wildcards.descriptor, TRAINING_SETS[wildcards.trained_on])


def tested_features(wildcards):
    """What they are tested on."""
    names = protocol.tested(config, wildcards.trained_on)
    return features_of(wildcards.descriptor, names)


def features_of(descriptor, names):
    """The features of a descriptor under the conditions of these names."""
    return expand(f"results/features/{descriptor}/{{condition}}.h5", condition=names)


def weights(network):
    """Where a network's initial weights come from: the rule below, the user's own file, or nowhere."""
    return protocol.weights(config, network)


def sha256(network):
    """How the digest of a network's initial weights must begin."""
    return protocol.sha256(config, network)


def start(wildcards):
    """The model that a training starts from, if it does not start from scratch."""
    if wildcards.trained_on not in TUNED:
        return []
    return RECIPES.model(wildcards.network, wildcards.fold, wildcards.seed).path


def left(wildcards, output):
    """Where a training leaves its model, if it does, and what that is to say of itself."""
    if not protocol.leaves_model(config, wildcards.trained_on):
        return []
    return ["--model", output.model, "--model-recipe", left_recipe(wildcards)]


def left_recipe(wildcards):
    """The recipe of that model, for Snakemake's record of it: the same whether it is left or not."""
    return RECIPES.model(**dict(wildcards.items())).digest


def epochs_recipe(wildcards):
    """The recipe of what a training leaves of every epoch, for Snakemake's record: the same whether it does or not."""
    return RECIPES.epochs(**dict(wildcards.items())).digest


def every_epoch(wildcards, output):
    """Where a training leaves what it says after each epoch, if it is to."""
    if not config["train"]["score_every_epoch"]:
        return []
    return [
        "--every-epoch",
        output.epochs,
        "--every-epoch-recipe",
        epochs_recipe(wildcards),
    ]


def models(wildcards):
    """The models that a network's trainings under a condition left, in the folds of Table IV."""
    left = RECIPES.cross(**dict(wildcards.items())).inputs
    return [made.path for made in left if made.path.startswith("results/models/")]


def asked_about_all(wildcards, input):
    """Each condition with its file."""
    return [f"{name}={path}" for name, path in zip(CONDITIONS, input.test, strict=True)]


def crossed():
    """What each method says of all conditions, of each training; it is asked for by a key."""
    if not config["protocol"]["test_all"]:
        stop(
            "results/matrix.csv needs predictions of all conditions from each training; set protocol.test_all to true"
        )
    return expand(
        "results/crossed/{method}/{trained_on}.csv",
        method=config["methods"],
        trained_on=TRAINING_SETS,
    )


def predictions(wildcards):
    """The files that hold a method's predictions under a condition, for all folds and seeds of a table."""
    table_folds(wildcards)
    return [made.path for made in RECIPES.score(**dict(wildcards.items())).inputs]


def weighed(wildcards):
    """The predictions of a method under a condition in the folds of Table IV, which test every clip."""
    return [made.path for made in RECIPES.attention(**dict(wildcards.items())).inputs]


def table_folds(wildcards):
    """The folds of a table; Table III needs the two databases of the holdout."""
    if wildcards.table not in TABLES:
        stop(
            f"Table {wildcards.table} needs the databases {' and '.join(HOLDOUT)} (protocol.holdout); "
            f"{config['clips']} has {', '.join(sorted(DATABASES))}"
        )
    return TABLES[wildcards.table]


def descriptors(wildcards, output):
    """The methods that have no seeds, of plugins and variants too."""
    return ",".join(names("descriptor"))


def ablated(kind):
    """The scores, or the confusion matrices, of the methods of the ablation, which are those of Table IV."""
    return lambda wildcards: check_ablated() or expand(
        f"results/{kind}/iv/{{method}}/{{condition}}.csv",
        method=config["ablation"],
        condition=CONDITIONS,
    )


def check_ablated():
    """Stop unless the configuration lists methods of an ablation."""
    if not config["ablation"]:
        stop(
            "results/ablation.csv and results/ablation_comparisons.csv are of the methods that the configuration lists "
            "under 'ablation', and it lists none; --configfile config/ablation.yaml has a list"
        )


def attended(wildcards):
    """The region weights of the methods that have them, under every condition."""
    methods = protocol.attending(config)
    if not methods:
        stop(
            "results/region_weights.csv needs 'none' and an occluder among the conditions, and a method with region "
            "weights among the methods, such as rrrn"
        )
    return expand(
        "results/attention/{method}/{condition}.csv",
        method=methods,
        condition=PLAIN,
    )


def answered(wildcards):
    """The predictions of a method in the folds of Table IV, under all conditions."""
    return [made.path for made in RECIPES.answers(wildcards.method).inputs]


def shown(step):
    """All that the figures, or the report, are made of."""
    return lambda wildcards: [made.path for made in getattr(RECIPES, step)().inputs]


def scores_of_tables(wildcards, input):
    """Each table with its task and its scores, which do not name it."""
    return of_tables("scores", input.scores)


def confusion_of_tables(wildcards, input):
    """The same of confusion matrices."""
    return of_tables("confusion", getattr(input, "confusion", input))


def confusion_of_ablation(wildcards, input):
    """The same of the ablation."""
    return ["--confusion", "ablation", TASKS["iv"], *input.confusion]


def paired(key):
    """Each method with the other that it is compared with. No tracked parameter: it is in the recipe."""
    return lambda wildcards, output: [
        f"{method}={other}" for method, other in RECIPES.paired(key)
    ]


def oracles_of_tables(wildcards, input):
    """The same of what choosing an epoch would have given, without the task."""
    found = []
    for table in TABLES if input.oracle else []:
        own = [
            path for path in input.oracle if path.startswith(f"results/oracle/{table}/")
        ]
        found += ["--oracle", table, *own]
    return found


def poisoned():
    """What poison says of a training of each method and table, if that is asked for."""
    return [made.path for table in TABLES for made in RECIPES.poisoned(table)]


def poisoned_of_tables(wildcards, output):
    """The same, each table as an option of that name."""
    told = {table: [made.path for made in RECIPES.poisoned(table)] for table in TABLES}
    return [
        part
        for table, own in told.items()
        if own
        for part in ("--poisoned", table, *own)
    ]


def folds_of_tables(wildcards, output):
    """Each table with its folds, as an option of that name."""
    return [
        part for table in TABLES for part in ("--folds", table, ",".join(TABLES[table]))
    ]


def chosen(wildcards):
    """What a method's trainings found after every epoch, for all folds and seeds of a table."""
    table_folds(wildcards)
    return [made.path for made in RECIPES.oracle(**dict(wildcards.items())).inputs]


def of_tables(kind, files):
    """Each table with its task and its files of a kind, as an option of that name."""
    told = []
    for table in TABLES:
        paths = [path for path in files if path.startswith(f"results/{kind}/{table}/")]
        told += [f"--{kind}", table, TASKS[table], *paths]
    return told


def checkpoint_of(wildcards, output):
    """Where a training leaves what it goes on from. No output: Snakemake removes those of a job that fails."""
    minutes = config["train"]["checkpoint_minutes"]
    place = os.path.relpath(
        os.path.splitext(output.predictions)[0], "results/predictions"
    )
    kept = f"results/checkpoints/{place}.h5"
    return ["--checkpoint", kept, "--checkpoint-minutes", minutes] if minutes else []
