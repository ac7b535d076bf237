"""What each table is called and which metrics it shows: the paper's, and the ablation, which is scored as Table IV."""

from rrrn.tables import published

ABLATION = "ablation"
TITLES = {**published.TITLES, ABLATION: "Ablation"}
METRICS = {**published.SHOWN, ABLATION: published.SHOWN["iv"]}
