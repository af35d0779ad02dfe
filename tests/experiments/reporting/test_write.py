import subprocess
import sys


def test_a_report_needs_no_deep_learning_library():
    """It is written again and again while a run goes on: seconds of imports, and a gigabyte, would be in the way."""
    code = "import sys, ser_fop.experiments.reporting.write; print(sorted({'keras', 'tensorflow', 'torch'} & set(sys.modules)))"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"
