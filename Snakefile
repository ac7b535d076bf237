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


# To keep to a limit of starts per second, Snakemake 9 looks at its ready jobs once more in each second for every job that
# has ended: after 400 that takes a quarter of a core. Jobs on this machine need no such limit, unless another than its own
# was asked for.
onstart:
    limit = getattr(workflow.scheduling_settings, "max_jobs_per_timespan", None)
    if not SUBMITS and limit and (limit.max_jobs, limit.timespan) == (100, 1):
        workflow.scheduler.job_rate_limiter = None


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
        (
            ["results/ablation.csv", "results/ablation_comparisons.csv"]
            if config["ablation"]
            else []
        ),
    localrule: True
