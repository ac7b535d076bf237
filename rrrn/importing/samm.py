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
)
