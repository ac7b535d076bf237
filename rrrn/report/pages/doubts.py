"""The doubts: what choosing on test would have given, other definitions of F1, whom trainings saw, and poison."""

from rrrn.report.found import Found
from rrrn.report.page import Page
from rrrn.report.table import of_frame

NAME, TITLE = "doubts", "Doubts"


def page(found: Found) -> Page:
    """Return the page of doubts."""
    tables = []
    if (told := found.results.get("leak")) is not None and not told.empty:
        names = {
            "task": "Task", "condition": "Condition", "method": "Method", "metric": "Metric", "value": "Value",
            "oracle_fold": "Best epoch of each fold", "oracle_fold_gain": "Gain",
            "oracle_epoch": "Best epoch of all", "oracle_epoch_gain": "Gain of it", "seen_subjects": "Subjects seen",
            "seen_by": "Says who", "poisoned": "Poisoned",
        }  # fmt: skip
        filters = {"method": ["method"], "condition": ["condition"]}
        caption = (
            "Each number of the tables beside what choosing the epoch by the tested clips would have given; and how "
            "many tested subjects their own fold learnt from, as the files of trainings say or the folds are made; and "
            "whether a training with its tested clips poisoned says the same of them, under the conditions that it "
            "is tested on."
        )
        tables.append(of_frame(told, caption, names, filters))
        once = told.drop_duplicates(["table", "condition", "method"])
        names = {
            "task": "Task", "condition": "Condition", "method": "Method", "f1_macro": "Macro",
            "f1_weighted": "Weighted", "f1_micro": "Micro", "f1_of_means": "Of mean precision and recall",
            "f1_of_folds": "Mean of folds", "f1_of_folds_present": "Mean of folds, classes there",
            "f1_spread": "Spread",
        }  # fmt: skip
        tables.append(of_frame(once, "One set of predictions, six definitions of F1.", names, filters))
    return Page(NAME, TITLE, ["doubts"], {"tables": tables, "notes": list(found.notes.get("leak", ()))})
