import subprocess
import sys


def test_report_imports_no_deep_learning_library():
    """A report may be written often during a run: such imports would cost seconds and a gigabyte of memory."""
    code = "import sys, ser_fop.experiments.reporting.write; print(sorted({'keras', 'tensorflow', 'torch'} & set(sys.modules)))"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"
