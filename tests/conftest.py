import os
from pathlib import Path

from hypothesis import HealthCheck, settings

# so that the commands which tests start find the package, also where it is not installed
os.environ["PYTHONPATH"] = str(Path(__file__).resolve().parents[1])

# no test fails for the time that it takes: others may use the machine
settings.register_profile("patient", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("patient")
