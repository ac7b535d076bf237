import os
from pathlib import Path

# so that the commands which tests start find the package, also where it is not installed
os.environ["PYTHONPATH"] = str(Path(__file__).resolve().parents[1])
