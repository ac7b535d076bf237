from snakemake.utils import min_version

min_version("9.20")


configfile: "config.yaml"


report: "workflow/report/workflow.rst"


include: "workflow/rules/common.smk"
include: "workflow/rules/functions.smk"
include: "workflow/rules/data.smk"
include: "workflow/rules/models.smk"
include: "workflow/rules/tables.smk"
include: "workflow/rules/report.smk"


rule default:
    input:
        "results/table_iv.csv",
    localrule: True


rule all:
    input:
        expand("results/table_{table}.csv", table=TABLES),
        "results/summary.csv",
        "results/ranking.csv",
        "results/comparisons.csv",
        "results/leak.csv",
        ["results/region_weights.csv"] if protocol.attending(config) else [],
        ["results/matrix.csv"] if config["protocol"]["test_all"] else [],
        "results/folds.csv",
        ["results/ablation.csv"] if config["ablation"] else [],
    localrule: True
