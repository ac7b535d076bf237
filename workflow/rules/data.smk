"""From frames to flow, and one index over it per condition."""


rule render:
    output:
        directory("data/synthetic/{subject}"),
    log:
        "logs/render/{subject}.log",
    benchmark:
        "logs/render/{subject}.tsv"
    conda:
        "../../envs/vision.yaml"
    params:
        **given("render"),
    shell:
        "python -m rrrn.stages.render {output:q} --clips {params.clips:q} --subject {wildcards.subject:q} --settings {params.told:q} --asked {params.asked:q} --log {log:q}"


rule faces:
    input:
        lambda wildcards: (
            [f"data/synthetic/{wildcards.subject}"]
            if wildcards.subject in SYNTHETIC
            else []
        ),
    output:
        ensure("results/faces/{subject}.h5", non_empty=True),
    log:
        "logs/faces/{subject}.log",
    benchmark:
        "logs/faces/{subject}.tsv"
    conda:
        "../../envs/vision.yaml"
    params:
        **given("faces"),
    shell:
        "python -m rrrn.stages.faces {output:q} --rendered {input:q} --clips {params.clips:q} --subject {wildcards.subject:q} --settings {params.told:q} --asked {params.asked:q} --log {log:q}"


rule anchor:
    input:
        "results/faces/{subject}.h5",
    output:
        ensure("results/anchors/{subject}.h5", non_empty=True),
    log:
        "logs/anchor/{subject}.log",
    benchmark:
        "logs/anchor/{subject}.tsv"
    conda:
        "../../envs/vision.yaml"
    params:
        **given("anchor"),
    shell:
        "python -m rrrn.stages.anchor {input:q} {output:q} --settings {params.told:q} --asked {params.asked:q} --log {log:q}"


rule art:
    output:
        ensure("results/art/{kind}.h5", non_empty=True),
    log:
        "logs/art/{kind}.log",
    benchmark:
        "logs/art/{kind}.tsv"
    conda:
        "../../envs/vision.yaml"
    params:
        **given("art"),
        plugin=lambda wildcards, output: registry.plugin(KINDS[wildcards.kind].module),
    shell:
        "python -m rrrn.stages.art {output:q} --kind {wildcards.kind:q} {params.plugin:q} --settings {params.told:q} --asked {params.asked:q} --log {log:q}"


rule occlude:
    input:
        faces="results/faces/{subject}.h5",
        anchors=lambda wildcards: anchors(wildcards.condition, wildcards.subject),
        art=lambda wildcards: art(wildcards.condition),
    output:
        ensure("results/occluded/{condition}/{subject}.h5", non_empty=True),
    log:
        "logs/occlude/{condition}/{subject}.log",
    benchmark:
        "logs/occlude/{condition}/{subject}.tsv"
    conda:
        "../../envs/vision.yaml"
    params:
        **given("occlude"),
        plugin=lambda wildcards, output: registry.plugin(
            kind_of(wildcards.condition).module
        ),
    shell:
        "python -m rrrn.stages.occlude {input.faces:q} {output:q} --anchors {input.anchors:q} --art {input.art:q} --condition {wildcards.condition} {params.plugin:q} --settings {params.told:q} --asked {params.asked:q} --log {log:q}"


rule augment:
    output:
        ensure("results/augment/{subject}.csv", non_empty=True),
    log:
        "logs/augment/{subject}.log",
    benchmark:
        "logs/augment/{subject}.tsv"
    localrule: True
    conda:
        "../../envs/vision.yaml"
    params:
        **given("augment"),
    shell:
        "python -m rrrn.stages.augment {output:q} --clips {params.clips:q} --subject {wildcards.subject:q} --settings {params.told:q} --asked {params.asked:q} --log {log:q}"


rule flow:
    input:
        shard="results/occluded/{condition}/{subject}.h5",
        plan="results/augment/{subject}.csv",
    output:
        ensure("results/flow/{condition}/{subject}.h5", non_empty=True),
    log:
        "logs/flow/{condition}/{subject}.log",
    benchmark:
        "logs/flow/{condition}/{subject}.tsv"
    conda:
        (
            "../../envs/vision_gpu.yaml"
            if config["flow"]["engine"] == "cuda"
            else "../../envs/vision.yaml"
        )
    threads: 1  # more jobs use a processor better than more threads in each
    resources:
        gpu=flow_gpus(),
    params:
        **given("flow"),
        views=lambda wildcards: protocol.views(config, wildcards.condition),
    shell:
        "python -m rrrn.stages.flow {input.shard:q} {input.plan:q} {output:q} --views {params.views} --threads {threads} --gpus {resources.gpu} --settings {params.told:q} --asked {params.asked:q} --log {log:q}"


rule pack:
    input:
        expand("results/flow/{{condition}}/{subject}.h5", subject=SUBJECTS),
    output:
        ensure("results/pack/{condition}.h5", non_empty=True),
    log:
        "logs/pack/{condition}.log",
    benchmark:
        "logs/pack/{condition}.tsv"
    conda:
        "../../envs/vision.yaml"
    params:
        **given("pack"),
    shell:
        "python -m rrrn.stages.pack {input:q} {output:q} --clips {params.clips:q} --settings {params.told:q} --asked {params.asked:q} --log {log:q}"
