"""SAMM (Davison et al. 2018): ``006/006_1_2/006_05562.jpg`` and one spreadsheet with a preamble of 13 rows."""

import re

from rrrn.importing.database import Database

DATABASE = Database(
    name="samm",
    title="SAMM",
    subject_name="{:03d}",
    subject_folder=re.compile(r"0*(\d{1,3})"),
    clip_folder=re.compile(r"\d{3}_\d.*"),
    trees={"raw": re.compile(r"samm(?:microexpressions?|release|dataset)*")},
    # clips of classes I to V
    known_subjects={
        "006": 10, "007": 4, "009": 1, "011": 12, "012": 1, "014": 8, "015": 2, "016": 4, "018": 2, "019": 1, "020": 1,
        "021": 2, "022": 2, "026": 3, "028": 2, "030": 3, "032": 3, "033": 2, "035": 3, "036": 1, "037": 1,
    },
)  # fmt: skip
