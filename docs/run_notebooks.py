"""Run the tutorials and store their outputs: `python docs/run_notebooks.py [NAME ..]`.

Warnings of libraries (stderr), durations and versions are not stored, so that a notebook changes only if a result does. The
tutorial on RAVDESS is stored without outputs.
"""

import sys
from pathlib import Path

import nbformat
from nbclient import NotebookClient

TUTORIALS = Path(__file__).resolve().parent / "tutorials"
EXECUTED = ("audio_to_table_1", "features_in_scikit_learn")
_METADATA = {
    "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
    "language_info": {"name": "python"},
}


def executed(name: str, *, timeout_s: int = 3000) -> nbformat.NotebookNode:
    """Return a tutorial with the outputs of a new run.

    Args:
        name: Name of the notebook.
        timeout_s: Longest duration of a cell, in seconds.
    """
    notebook = nbformat.read(TUTORIALS / f"{name}.ipynb", as_version=4)
    client = NotebookClient(notebook, timeout=timeout_s, resources={"metadata": {"path": str(TUTORIALS)}})
    client.execute()
    for cell in notebook.cells:
        cell.metadata.pop("execution", None)
        if cell.cell_type == "code":
            cell.outputs = [output for output in cell.outputs if output.get("name") != "stderr"]
            for output in cell.outputs:
                output.get("data", {}).pop("text/html", None)
    notebook.metadata = nbformat.from_dict(_METADATA)
    return notebook


if __name__ == "__main__":
    for chosen in sys.argv[1:] or EXECUTED:
        nbformat.write(executed(chosen), TUTORIALS / f"{chosen}.ipynb")
        print(f"docs/tutorials/{chosen}.ipynb")
