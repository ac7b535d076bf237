"""From predictions to Tables III and IV, their summaries, comparisons, the ranking, doubts, the matrix, region weights, the ablation."""

PAPER = Path(os.path.relpath(resources.path("data/paper")))


rule split:
    output:
        table="results/folds.csv",
        about="results/folds.json",
    log:
        "logs/split.log",
    benchmark:
        "logs/split.tsv"
    localrule: True
    conda:
        "../../envs/torch.yaml"
    params:
        **given("split"),
        classes=CLASSES,
        folds=",".join(FOLDS),
    shell:
        "python -m rrrn.stages.split {output.table:q} {output.about:q} --clips {params.clips:q} --classes {params.classes:q} --folds {params.folds:q} --settings {params.told:q} --asked {params.asked:q} --log {log:q}"


rule score:
    input:
        predictions,
    output:
        scores=ensure("results/scores/{table}/{method}/{condition}.csv", non_empty=True),
        confusion=ensure(
            "results/confusion/{table}/{method}/{condition}.csv", non_empty=True
        ),
    log:
        "logs/score/{table}/{method}/{condition}.log",
    benchmark:
        "logs/score/{table}/{method}/{condition}.tsv"
    localrule: True
    conda:
        "../../envs/torch.yaml"
    params:
        **given("score"),
        classes=CLASSES,
        folds=lambda wildcards: ",".join(table_folds(wildcards)),
        view=VIEW,
        confusion_recipe=lambda wildcards: RECIPES.confusion(
            **dict(wildcards.items())
        ).digest,
    shell:
        "python -m rrrn.stages.score {input:q} {output.scores:q} {output.confusion:q} --confusion-recipe {params.confusion_recipe:q} --clips {params.clips:q} --classes {params.classes:q} --method {wildcards.method} --condition {wildcards.condition} --folds {params.folds:q} --view {params.view} --asked {params.asked:q} --log {log:q}"


rule table:
    input:
        scores=expand(
            "results/scores/{{table}}/{method}/{condition}.csv",
            method=config["methods"],
            condition=CONDITIONS,
        ),
        confusion=expand(
            "results/confusion/{{table}}/{method}/{condition}.csv",
            method=config["methods"],
            condition=CONDITIONS,
        ),
        paper=[PAPER / "table_{table}.csv", PAPER / "misprints.csv"],
        folds="results/folds.csv",  # not read: whoever has a table has its folds
    output:
        table=report(
            "results/table_{table}.csv",
            caption="../report/table.rst",
            category="Tables",
            labels={"table": "{table}", "form": "as in the paper"},
        ),
        long=report(
            "results/table_{table}_long.csv",
            caption="../report/table.rst",
            category="Tables",
            labels={"table": "{table}", "form": "long"},
        ),
        markdown="results/table_{table}.md",
        latex="results/table_{table}.tex",
        about="results/table_{table}.json",
    log:
        "logs/table/{table}.log",
    benchmark:
        "logs/table/{table}.tsv"
    localrule: True
    conda:
        "../../envs/torch.yaml"
    params:
        **given("table"),
        caption=about("table"),
        classes=CLASSES,
        folds=lambda wildcards: ",".join(table_folds(wildcards)),
        task=lambda wildcards: TASKS[wildcards.table],
        labels=lambda wildcards, output: RECIPES.labels(),
        methods=",".join(config["methods"]),
        descriptors=descriptors,
        conditions=",".join(CONDITIONS),
    shell:
        "python -m rrrn.stages.table {input.scores:q} {output.table:q} {output.long:q} {output.markdown:q} {output.latex:q} {output.about:q} --confusion {input.confusion:q} --table {wildcards.table} --task {params.task:q} --paper {input.paper:q} --clips {params.clips:q} --folds {params.folds:q} --classes {params.classes:q} --methods {params.methods} --descriptors {params.descriptors:q} --labels {params.labels:q} --conditions {params.conditions} --settings {params.told:q} --asked {params.asked:q} --log {log:q}"


rule summary:
    input:
        scores=expand(
            "results/scores/{table}/{method}/{condition}.csv",
            table=TABLES,
            method=config["methods"],
            condition=CONDITIONS,
        ),
        paper=[
            PAPER / name
            for name in ["notes.csv", *(f"table_{table}.csv" for table in TABLES)]
        ],
    output:
        summary=report(
            "results/summary.csv",
            caption="../report/summary.rst",
            category="Tables",
            labels={"table": "all", "form": "summary"},
        ),
        about="results/summary.json",
    log:
        "logs/summary.log",
    benchmark:
        "logs/summary.tsv"
    localrule: True
    conda:
        "../../envs/torch.yaml"
    params:
        **given("summary"),
        caption=about("summary"),
        scores=scores_of_tables,
        labels=lambda wildcards, output: RECIPES.labels(),
        methods=",".join(config["methods"]),
        conditions=",".join(CONDITIONS),
        paper=lambda wildcards, input: os.path.dirname(input.paper[0]),
    shell:
        "python -m rrrn.stages.summary {output.summary:q} {output.about:q} {params.scores:q} --paper {params.paper:q} --clips {params.clips:q} --methods {params.methods} --labels {params.labels:q} --conditions {params.conditions} --settings {params.told:q} --asked {params.asked:q} --log {log:q}"


rule ranking:
    input:
        expand(
            "results/confusion/{table}/{method}/{condition}.csv",
            table=TABLES,
            method=config["methods"],
            condition=CONDITIONS,
        ),
    output:
        ranking=report(
            "results/ranking.csv",
            caption="../report/ranking.rst",
            category="Tables",
            labels={"table": "all", "form": "ranking"},
        ),
        about="results/ranking.json",
    log:
        "logs/ranking.log",
    benchmark:
        "logs/ranking.tsv"
    localrule: True
    conda:
        "../../envs/torch.yaml"
    params:
        **given("ranking"),
        caption=about("ranking"),
        classes=CLASSES,
        confusion=confusion_of_tables,
        labels=lambda wildcards, output: RECIPES.labels(),
        methods=",".join(config["methods"]),
        conditions=",".join(CONDITIONS),
    shell:
        "python -m rrrn.stages.ranking {output.ranking:q} {output.about:q} {params.confusion:q} --clips {params.clips:q} --classes {params.classes:q} --methods {params.methods} --labels {params.labels:q} --conditions {params.conditions} --settings {params.told:q} --asked {params.asked:q} --log {log:q}"


rule compare:
    input:
        confusion=expand(
            "results/confusion/{table}/{method}/{condition}.csv",
            table=TABLES,
            method=config["methods"],
            condition=CONDITIONS,
        ),
        paper=[PAPER / f"table_{table}.csv" for table in TABLES],
    output:
        comparisons=report(
            "results/comparisons.csv",
            caption="../report/comparisons.rst",
            category="Tables",
            labels={"table": "all", "form": "comparisons"},
        ),
        about="results/comparisons.json",
    log:
        "logs/compare.log",
    benchmark:
        "logs/compare.tsv"
    localrule: True
    conda:
        "../../envs/torch.yaml"
    params:
        **given("compare"),
        caption=about("compare"),
        classes=CLASSES,
        confusion=confusion_of_tables,
        labels=lambda wildcards, output: RECIPES.labels(),
        methods=",".join(config["methods"]),
        conditions=",".join(CONDITIONS),
        pairs=paired("methods"),
        paper=lambda wildcards, input: ["--paper", os.path.dirname(input.paper[0])],
    shell:
        "python -m rrrn.stages.compare {output.comparisons:q} {output.about:q} {params.confusion:q} {params.paper:q} --pairs {params.pairs:q} --clips {params.clips:q} --classes {params.classes:q} --methods {params.methods} --labels {params.labels:q} --conditions {params.conditions} --settings {params.told:q} --asked {params.asked:q} --log {log:q}"


rule oracle:
    input:
        chosen,
    output:
        ensure("results/oracle/{table}/{method}/{condition}.csv", non_empty=True),
    log:
        "logs/oracle/{table}/{method}/{condition}.log",
    benchmark:
        "logs/oracle/{table}/{method}/{condition}.tsv"
    localrule: True
    conda:
        "../../envs/torch.yaml"
    params:
        **given("oracle"),
        classes=CLASSES,
        folds=lambda wildcards: ",".join(table_folds(wildcards)),
        view=VIEW,
    shell:
        "python -m rrrn.stages.oracle {input:q} {output:q} --clips {params.clips:q} --classes {params.classes:q} --method {wildcards.method} --condition {wildcards.condition} --folds {params.folds:q} --view {params.view} --asked {params.asked:q} --log {log:q}"


rule leak:
    input:
        confusion=expand(
            "results/confusion/{table}/{method}/{condition}.csv",
            table=TABLES,
            method=config["methods"],
            condition=CONDITIONS,
        ),
        oracle=expand(
            "results/oracle/{table}/{method}/{condition}.csv",
            table=TABLES,
            method=protocol.watched(config),
            condition=CONDITIONS,
        ),
        poison=poisoned(),
    output:
        leak=report(
            "results/leak.csv",
            caption="../report/leak.rst",
            category="Tables",
            labels={"table": "all", "form": "leak meter"},
        ),
        about="results/leak.json",
    log:
        "logs/leak.log",
    benchmark:
        "logs/leak.tsv"
    localrule: True
    conda:
        "../../envs/torch.yaml"
    params:
        **given("leak"),
        caption=about("leak"),
        classes=CLASSES,
        confusion=confusion_of_tables,
        oracle=oracles_of_tables,
        poisoned=poisoned_of_tables,
        folds=folds_of_tables,
        labels=lambda wildcards, output: RECIPES.labels(),
        methods=",".join(config["methods"]),
        conditions=",".join(CONDITIONS),
    shell:
        "python -m rrrn.stages.leak {output.leak:q} {output.about:q} {params.confusion:q} {params.oracle:q} {params.poisoned:q} {params.folds:q} --clips {params.clips:q} --classes {params.classes:q} --methods {params.methods} --labels {params.labels:q} --conditions {params.conditions} --settings {params.told:q} --asked {params.asked:q} --log {log:q}"


rule matrix:
    input:
        lambda wildcards: crossed(),
    output:
        matrix=report(
            "results/matrix.csv",
            caption="../report/matrix.rst",
            category="Tables",
            labels={"table": "iv", "form": "train × test"},
        ),
        about="results/matrix.json",
    log:
        "logs/matrix.log",
    benchmark:
        "logs/matrix.tsv"
    localrule: True
    conda:
        "../../envs/torch.yaml"
    params:
        **given("matrix"),
        caption=about("matrix"),
        classes=CLASSES,
        folds=",".join(TABLES["iv"]),
        task=TASKS["iv"],
        trained_on=",".join(TRAINING_SETS),
        labels=lambda wildcards, output: RECIPES.labels(),
        methods=",".join(config["methods"]),
        conditions=",".join(CONDITIONS),
        view=VIEW,
    shell:
        "python -m rrrn.stages.matrix {output.matrix:q} {output.about:q} --crossed {input:q} --task {params.task:q} --clips {params.clips:q} --classes {params.classes:q} --folds {params.folds:q} --methods {params.methods} --trained-on {params.trained_on} --conditions {params.conditions} --view {params.view} --labels {params.labels:q} --settings {params.told:q} --asked {params.asked:q} --log {log:q}"


rule visible:
    input:
        all_occluded,
    output:
        ensure("results/visible/{condition}.csv", non_empty=True),
    log:
        "logs/visible/{condition}.log",
    benchmark:
        "logs/visible/{condition}.tsv"
    conda:
        "../../envs/vision.yaml"
    params:
        **given("visible"),
    shell:
        "python -m rrrn.stages.visible {input:q} {output:q} --clips {params.clips:q} --asked {params.asked:q} --log {log:q}"


rule attention:
    input:
        weighed,
    output:
        ensure("results/attention/{method}/{condition}.csv", non_empty=True),
    log:
        "logs/attention/{method}/{condition}.log",
    benchmark:
        "logs/attention/{method}/{condition}.tsv"
    localrule: True
    conda:
        "../../envs/torch.yaml"
    params:
        **given("attention"),
        classes=CLASSES,
        folds=",".join(TABLES["iv"]),
    shell:
        "python -m rrrn.stages.attention {input:q} {output:q} --clips {params.clips:q} --classes {params.classes:q} --method {wildcards.method} --condition {wildcards.condition} --folds {params.folds:q} --asked {params.asked:q} --log {log:q}"


rule faithfulness:
    input:
        attention=attended,
        visible=expand(
            "results/visible/{condition}.csv",
            condition=[name for name in PLAIN if name != protocol.START],
        ),
    output:
        correlations=report(
            "results/region_weights.csv",
            caption="../report/region_weights.rst",
            category="Tables",
            labels={"table": "iv", "form": "region weights"},
        ),
        about="results/region_weights.json",
    log:
        "logs/faithfulness.log",
    benchmark:
        "logs/faithfulness.tsv"
    localrule: True
    conda:
        "../../envs/torch.yaml"
    params:
        **given("faithfulness"),
        caption=about("faithfulness"),
        labels=lambda wildcards, output: RECIPES.labels(),
        methods=",".join(protocol.attending(config)),
        conditions=",".join(PLAIN),
    shell:
        "python -m rrrn.stages.faithfulness {output.correlations:q} {output.about:q} --attention {input.attention:q} --visible {input.visible:q} --clips {params.clips:q} --methods {params.methods} --labels {params.labels:q} --conditions {params.conditions} --settings {params.told:q} --asked {params.asked:q} --log {log:q}"


rule ablation:
    input:
        scores=ablated("scores"),
        confusion=ablated("confusion"),
    output:
        table=report(
            "results/ablation.csv",
            caption="../report/ablation.rst",
            category="Tables",
            labels={"table": "ablation", "form": "by method"},
        ),
        long=report(
            "results/ablation_long.csv",
            caption="../report/ablation.rst",
            category="Tables",
            labels={"table": "ablation", "form": "long"},
        ),
        markdown="results/ablation.md",
        latex="results/ablation.tex",
        about="results/ablation.json",
    log:
        "logs/ablation.log",
    benchmark:
        "logs/ablation.tsv"
    localrule: True
    conda:
        "../../envs/torch.yaml"
    params:
        **given("ablation"),
        caption=about("ablation"),
        classes=CLASSES,
        folds=",".join(TABLES["iv"]),
        task=TASKS["iv"],
        labels=lambda wildcards, output: RECIPES.labels("ablation"),
        methods=",".join(config["ablation"]),
        descriptors=descriptors,
        conditions=",".join(CONDITIONS),
    shell:
        "python -m rrrn.stages.table {input.scores:q} {output.table:q} {output.long:q} {output.markdown:q} {output.latex:q} {output.about:q} --confusion {input.confusion:q} --table ablation --task {params.task:q} --clips {params.clips:q} --folds {params.folds:q} --classes {params.classes:q} --methods {params.methods} --descriptors {params.descriptors:q} --labels {params.labels:q} --conditions {params.conditions} --settings {params.told:q} --asked {params.asked:q} --log {log:q}"


use rule compare as compare_ablation with:
    input:
        confusion=ablated("confusion"),
        paper=[],
    output:
        comparisons=report(
            "results/ablation_comparisons.csv",
            caption="../report/ablation_comparisons.rst",
            category="Tables",
            labels={"table": "ablation", "form": "comparisons"},
        ),
        about="results/ablation_comparisons.json",
    log:
        "logs/compare_ablation.log",
    benchmark:
        "logs/compare_ablation.tsv"
    localrule: True
    params:
        **given("compare_ablation"),
        caption=about("compare_ablation"),
        confusion=confusion_of_ablation,
        labels=lambda wildcards, output: RECIPES.labels("ablation"),
        methods=",".join(config["ablation"]),
        pairs=paired("ablation"),
        paper=[],
