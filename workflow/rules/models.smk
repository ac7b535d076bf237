"""Networks, one training per fold, and descriptors with a support vector machine, all folds in one job."""


rule weights:
    output:
        ensure("data/weights/{network}.pth", non_empty=True),
    log:
        "logs/weights/{network}.log",
    benchmark:
        "logs/weights/{network}.tsv"
    localrule: True
    conda:
        "../../envs/torch.yaml"
    params:
        code=sources.digest("rrrn.stages.weights"),
        source=lambda wildcards: METHODS[wildcards.network].source,
        sha256=lambda wildcards: METHODS[wildcards.network].sha256,
    shell:
        "python -m rrrn.stages.weights {params.source:q} {output:q} --sha256 {params.sha256:q} --log {log:q}"


# What a training makes, and what it makes if others start from it, or it is tested on all conditions, and if it is
# scored after every epoch.
PREDICTIONS = {
    "predictions": ensure(
        "results/predictions/{network}/{trained_on}/{fold}-{seed}.csv", non_empty=True
    )
}
MODEL = {
    "model": ensure(
        "results/models/{network}/{trained_on}/{fold}-{seed}.h5", non_empty=True
    )
}

EPOCHS = {
    "epochs": ensure(
        "results/epochs/{network}/{trained_on}/{fold}-{seed}.h5", non_empty=True
    )
}
if config["train"]["score_every_epoch"]:
    PREDICTIONS |= EPOCHS
if config["protocol"]["test_all"]:
    PREDICTIONS |= MODEL


rule train:
    input:
        train=lambda wildcards: conditions(TRAINING_SETS[wildcards.trained_on]),
        test=lambda wildcards: conditions(protocol.tested(config, wildcards.trained_on)),
        weights=lambda wildcards: weights(wildcards.network),
        start=start,
    output:
        **(PREDICTIONS | MODEL if TUNED else PREDICTIONS),
    log:
        "logs/train/{network}/{trained_on}/{fold}-{seed}.log",
    benchmark:
        "logs/train/{network}/{trained_on}/{fold}-{seed}.tsv"
    wildcard_constraints:
        trained_on=one_of(name for name in TRAINING_SETS if name not in TUNED),
    conda:
        "../../envs/torch.yaml"
    resources:
        gpu=0 if config["train"]["device"] == "cpu" else 1,
    params:
        **given("train"),
        module=lambda wildcards, output: METHODS[wildcards.network].module,  # may be moved
        test=tested,
        weights=lambda wildcards, input: (
            ["--weights", *input.weights, "--sha256", sha256(wildcards.network)]
            if input.weights
            else []
        ),
        classes=CLASSES,
        view=VIEW,
        memory=lambda wildcards, output: config["train"]["max_memory_gb"],
        checkpoint=checkpoint_of,
        start=lambda wildcards, input: ["--start", input.start] if input.start else [],
        left=left,
        left_recipe=left_recipe,
        every_epoch=every_epoch,
        epochs_recipe=epochs_recipe,
    shell:
        "python -m rrrn.stages.train {output.predictions:q} --train {input.train:q} --test {params.test:q} --clips {params.clips:q} --classes {params.classes:q} --method {wildcards.network} --module {params.module:q} --trained-on {wildcards.trained_on} --fold {wildcards.fold:q} --seed {wildcards.seed} --view {params.view} --settings {params.told:q} --max-memory-gb {params.memory} {params.checkpoint:q} {params.weights:q} {params.start:q} {params.left:q} {params.every_epoch:q} --asked {params.asked:q} --log {log:q}"


if TUNED:

    use rule train as tune with:
        output:
            **PREDICTIONS,
        wildcard_constraints:
            trained_on=one_of(TUNED),


rule poison:
    input:
        predictions="results/predictions/{network}/{trained_on}/{fold}-{seed}.csv",
        train=lambda wildcards: conditions(TRAINING_SETS[wildcards.trained_on]),
        test=lambda wildcards: conditions(protocol.tested(config, wildcards.trained_on)),
        weights=lambda wildcards: weights(wildcards.network),
    output:
        ensure(
            "results/poison/{network}/{trained_on}/{fold}-{seed}.csv", non_empty=True
        ),
    log:
        "logs/poison/{network}/{trained_on}/{fold}-{seed}.log",
    benchmark:
        "logs/poison/{network}/{trained_on}/{fold}-{seed}.tsv"
    conda:
        "../../envs/torch.yaml"
    resources:
        gpu=0 if config["train"]["device"] == "cpu" else 1,
    params:
        **given("poison"),
        module=lambda wildcards, output: METHODS[wildcards.network].module,
        test=tested,
        weights=lambda wildcards, input: (
            ["--weights", *input.weights, "--sha256", sha256(wildcards.network)]
            if input.weights
            else []
        ),
        classes=CLASSES,
        view=VIEW,
        memory=lambda wildcards, output: config["train"]["max_memory_gb"],
    shell:
        "python -m rrrn.stages.poison {input.predictions:q} {output:q} --train {input.train:q} --test {params.test:q} --clips {params.clips:q} --classes {params.classes:q} --method {wildcards.network} --module {params.module:q} --trained-on {wildcards.trained_on} --fold {wildcards.fold:q} --seed {wildcards.seed} --view {params.view} --settings {params.told:q} --max-memory-gb {params.memory} {params.weights:q} --asked {params.asked:q} --log {log:q}"


rule cross:
    input:
        models=models,
        test=conditions(CONDITIONS),
        weights=lambda wildcards: weights(wildcards.network),
    output:
        ensure("results/crossed/{network}/{trained_on}.csv", non_empty=True),
    log:
        "logs/cross/{network}/{trained_on}.log",
    benchmark:
        "logs/cross/{network}/{trained_on}.tsv"
    conda:
        "../../envs/torch.yaml"
    resources:
        gpu=0 if config["train"]["device"] == "cpu" else 1,
    params:
        **given("cross"),
        module=lambda wildcards, output: METHODS[wildcards.network].module,
        test=asked_about_all,
        weights=lambda wildcards, input: (
            ["--weights", *input.weights, "--sha256", sha256(wildcards.network)]
            if input.weights
            else []
        ),
        classes=CLASSES,
        view=VIEW,
        memory=lambda wildcards, output: config["train"]["max_memory_gb"],
    shell:
        "python -m rrrn.stages.cross {output:q} --models {input.models:q} --test {params.test:q} --clips {params.clips:q} --classes {params.classes:q} --method {wildcards.network} --module {params.module:q} --trained-on {wildcards.trained_on} --view {params.view} --settings {params.told:q} --max-memory-gb {params.memory} {params.weights:q} --asked {params.asked:q} --log {log:q}"


rule describe:
    input:
        all_occluded,
    output:
        ensure("results/features/{descriptor}/{condition}.h5", non_empty=True),
    log:
        "logs/describe/{descriptor}/{condition}.log",
    benchmark:
        "logs/describe/{descriptor}/{condition}.tsv"
    conda:
        "../../envs/vision.yaml"
    params:
        **given("describe"),
        module=lambda wildcards, output: METHODS[wildcards.descriptor].module,
    shell:
        "python -m rrrn.stages.describe {input:q} {output:q} --clips {params.clips:q} --descriptor {wildcards.descriptor} --module {params.module:q} --settings {params.told:q} --asked {params.asked:q} --log {log:q}"


rule svm:
    input:
        train=learnt_features,
        test=tested_features,
    output:
        ensure(
            "results/predictions/{descriptor}/{trained_on}/all.csv",
            non_empty=True,
        ),
    log:
        "logs/svm/{descriptor}/{trained_on}.log",
    benchmark:
        "logs/svm/{descriptor}/{trained_on}.tsv"
    conda:
        "../../envs/torch.yaml"
    params:
        **given("svm"),
        test=tested,
        classes=CLASSES,
        folds=",".join(FOLDS),
    shell:
        "python -m rrrn.stages.svm {output:q} --train {input.train:q} --test {params.test:q} --trained-on {wildcards.trained_on} --method {wildcards.descriptor} --clips {params.clips:q} --classes {params.classes:q} --folds {params.folds:q} --settings {params.told:q} --asked {params.asked:q} --log {log:q}"


use rule svm as cross_svm with:
    input:
        train=learnt_features,
        test=expand(
            "results/features/{{descriptor}}/{condition}.h5", condition=CONDITIONS
        ),
    output:
        ensure("results/crossed/{descriptor}/{trained_on}.csv", non_empty=True),
    log:
        "logs/cross_svm/{descriptor}/{trained_on}.log",
    benchmark:
        "logs/cross_svm/{descriptor}/{trained_on}.tsv"
    params:
        **given("cross_svm"),
        test=asked_about_all,
        classes=CLASSES,
        folds=",".join(FOLDS),


rule poison_svm:
    input:
        predictions="results/predictions/{descriptor}/{trained_on}/all.csv",
        train=learnt_features,
        test=tested_features,
    output:
        ensure("results/poison/{descriptor}/{trained_on}/{fold}-0.csv", non_empty=True),
    log:
        "logs/poison_svm/{descriptor}/{trained_on}/{fold}.log",
    benchmark:
        "logs/poison_svm/{descriptor}/{trained_on}/{fold}.tsv"
    conda:
        "../../envs/torch.yaml"
    params:
        **given("poison_svm"),
        test=tested,
        classes=CLASSES,
    shell:
        "python -m rrrn.stages.poison_svm {input.predictions:q} {output:q} --train {input.train:q} --test {params.test:q} --trained-on {wildcards.trained_on} --method {wildcards.descriptor} --clips {params.clips:q} --classes {params.classes:q} --fold {wildcards.fold:q} --settings {params.told:q} --asked {params.asked:q} --log {log:q}"
