"""From predictions to Tables III and IV."""


rule score:
    input:
        predictions,
    output:
        ensure("results/scores/{table}/{method}/{condition}.csv", non_empty=True),
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
    shell:
        "python -m rrrn.score {input:q} {output:q} --clips {params.clips:q} --classes {params.classes:q} --method {wildcards.method} --condition {wildcards.condition} --folds {params.folds:q} --view {params.view} --asked {params.asked:q} --log {log:q}"


rule table:
    input:
        scores=expand(
            "results/scores/{{table}}/{method}/{condition}.csv",
            method=config["methods"],
            condition=CONDITIONS,
        ),
        paper=Path(workflow.basedir) / "data/paper/table_{table}.csv",
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
    log:
        "logs/table/{table}.log",
    benchmark:
        "logs/table/{table}.tsv"
    localrule: True
    conda:
        "../../envs/torch.yaml"
    params:
        **given("table"),
        classes=CLASSES,
        task=lambda wildcards: TASKS[wildcards.table],
        methods=",".join(config["methods"]),
        conditions=",".join(CONDITIONS),
    shell:
        "python -m rrrn.table {input.scores:q} {output.table:q} {output.long:q} --table {wildcards.table} --task {params.task:q} --paper {input.paper:q} --clips {params.clips:q} --classes {params.classes:q} --methods {params.methods} --conditions {params.conditions} --asked {params.asked:q} --log {log:q}"
