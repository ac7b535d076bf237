"""CASME II (Yan et al. 2014): ``CASME2_RAW_selected/sub06/EP02_01f/img46.jpg`` and two spreadsheets."""

import re

from rrrn.importing.database import Database

DATABASE = Database(
    name="casme2",
    title="CASME II",
    subject_name="sub{:02d}",
    subject_folder=re.compile(r"(?:sub(?:ject)?)?[ _]?0*(\d{1,3})", re.IGNORECASE),
    clip_folder=re.compile(r"EP\d.*", re.IGNORECASE),
    # raw frames first: the paper detects faces itself, and SAMM exists only un-cropped
    trees={
        source: re.compile(rf"(?:casme(?:2|ii))?{name}(?:updated)?")
        for source, name in {"raw_selected": "rawselected", "raw": "raw", "cropped": "cropped"}.items()
    },
    # CASME2-coding-20190701.xlsx has classes too, of other kind: 30, 18, 93, 15 and 18 clips of classes 1 to 5
    class_sheet="CASME2-ObjectiveClasses.xlsx",
    coding_sheet=re.compile(r"coding", re.IGNORECASE),
)
