"""What people look at: a page of figures, tables and every clip, and the figures as files."""


rule answers:
    input:
        answered,
    output:
        ensure("results/answers/{method}.csv", non_empty=True),
    log:
        "logs/answers/{method}.log",
    benchmark:
        "logs/answers/{method}.tsv"
    localrule: True
    conda:
        "../../envs/torch.yaml"
    params:
        **given("answers"),
        classes=CLASSES,
        conditions=",".join(CONDITIONS),
        folds=",".join(TABLES["iv"]),
        view=VIEW,
    shell:
        "python -m rrrn.stages.answers {input:q} {output:q} --clips {params.clips:q} --classes {params.classes:q} --conditions {params.conditions} --method {wildcards.method} --folds {params.folds:q} --view {params.view} --asked {params.asked:q} --log {log:q}"


rule strips:
    input:
        occluded=all_occluded,
        flow=expand("results/flow/{{condition}}/{subject}.h5", subject=SUBJECTS),
    output:
        ensure("results/strips/{condition}.h5", non_empty=True),
    log:
        "logs/strips/{condition}.log",
    benchmark:
        "logs/strips/{condition}.tsv"
    conda:
        "../../envs/vision.yaml"
    params:
        **given("strips"),
    shell:
        "python -m rrrn.stages.strips {output:q} --occluded {input.occluded:q} --flow {input.flow:q} --clips {params.clips:q} --settings {params.told:q} --asked {params.asked:q} --log {log:q}"


rule figures:
    input:
        shown("figures"),
    output:
        **{
            f"{name}_{form}": report(
                f"results/figures/{name}.{form}",
                caption="../report/figure.rst",
                category="Figures",
                labels={"figure": name, "form": form},
            )
            for name in FIGURES
            for form in ("svg", "png")
        },
        about="results/figures/figures.json",
    log:
        "logs/figures.log",
    benchmark:
        "logs/figures.tsv"
    localrule: True
    conda:
        "../../envs/report.yaml"
    params:
        **given("figures"),
        caption=about("figures"),
    shell:
        "python -m rrrn.stages.figures {output.about:q} --results results --logs logs --inputs {input:q} --clips {params.clips:q} --settings {params.told:q} --asked {params.asked:q} --log {log:q}"


rule report:
    input:
        shown("report"),
    output:
        page="results/report.html",
        about="results/report.json",
    log:
        "logs/report.log",
    benchmark:
        "logs/report.tsv"
    localrule: True
    conda:
        "../../envs/report.yaml"
    params:
        **given("report"),
    shell:
        "python -m rrrn.stages.report {output.page:q} {output.about:q} --results results --logs logs --inputs {input:q} --clips {params.clips:q} --settings {params.told:q} --asked {params.asked:q} --log {log:q}"
