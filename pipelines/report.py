"""Write the tables of a `reproduce` folder again: `ser-fop report --run runs/paper`."""

from pathlib import Path

from ser_fop.cli import run_stage
from ser_fop.config.inference_stages import ReportConfig
from ser_fop.experiments.reporting.write import write_report


def run(config: ReportConfig) -> Path:
    """Write the report of a `reproduce` folder."""
    page = write_report(config.run)
    print(page)
    return page


def main(arguments: list[str] | None = None) -> int:
    """Run the stage from command-line arguments."""
    return run_stage("report", ReportConfig, run, arguments)


if __name__ == "__main__":
    raise SystemExit(main())
