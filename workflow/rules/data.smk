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


if JITTERED:

    use rule anchor as jitter with:
        output:
            ensure("results/anchors_jittered/{subject}.h5", non_empty=True),
        log:
            "logs/jitter/{subject}.log",
        benchmark:
            "logs/jitter/{subject}.tsv"
        params:
            **given("jitter"),

    use rule occlude as occlude_jittered with:
        input:
            faces="results/faces/{subject}.h5",
            anchors="results/anchors_jittered/{subject}.h5",
            art=lambda wildcards: art(wildcards.condition),
        output:
            ensure("results/occluded_jittered/{condition}/{subject}.h5", non_empty=True),
        log:
            "logs/occlude_jittered/{condition}/{subject}.log",
        benchmark:
            "logs/occlude_jittered/{condition}/{subject}.tsv"
        params:
            **given("occlude_jittered"),
            plugin=lambda wildcards, output: registry.plugin(
                kind_of(wildcards.condition).module
            ),


if SHIFTS:

    rule shift:
        input:
            "results/augment/{subject}.csv",
        output:
            ensure("results/augment/{control}/{subject}.csv", non_empty=True),
        log:
            "logs/shift/{control}/{subject}.log",
        benchmark:
            "logs/shift/{control}/{subject}.tsv"
        wildcard_constraints:
            control=one_of(SHIFTS),
        localrule: True
        conda:
            "../../envs/vision.yaml"
        params:
            **given("shift"),
            frames=lambda wildcards, output: control_conditions.SHIFTS[
                wildcards.control
            ]
            * config["control_conditions"]["apex_shift"],
        shell:
            "python -m rrrn.stages.shift {input:q} {output:q} --clips {params.clips:q} --subject {wildcards.subject:q} --frames {params.frames} --settings {params.told:q} --asked {params.asked:q} --log {log:q}"


rule flow:
    input:
        shard=lambda wildcards: occluded(wildcards.condition, wildcards.subject),
        plan=lambda wildcards: views_plan(wildcards.condition, wildcards.subject),
    output:
        ensure("results/flow/{condition}/{subject}.h5", non_empty=True),
    log:
        "logs/flow/{condition}/{subject}.log",
    benchmark:
        "logs/flow/{condition}/{subject}.tsv"
    wildcard_constraints:
        condition=one_of(name for name in CONDITIONS if name not in SIDED),
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


if SIDED:

    rule within:
        input:
            flow=lambda wildcards: f"results/flow/{control_conditions.base(wildcards.condition)}/{wildcards.subject}.h5",
            shard=lambda wildcards: occluded(wildcards.condition, wildcards.subject),
            plan="results/augment/{subject}.csv",
        output:
            ensure("results/flow/{condition}/{subject}.h5", non_empty=True),
        log:
            "logs/within/{condition}/{subject}.log",
        benchmark:
            "logs/within/{condition}/{subject}.tsv"
        wildcard_constraints:
            condition=one_of(SIDED),
        conda:
            "../../envs/vision.yaml"
        params:
            **given("within"),
            side=lambda wildcards, output: CONTROLS[wildcards.condition],
        shell:
            "python -m rrrn.stages.within {input.flow:q} {input.shard:q} {input.plan:q} {output:q} --side {params.side} --asked {params.asked:q} --log {log:q}"


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
