"""Names of the tasks and starts of a probe, in its files, tables and plots."""

# Starts of a network: its pretrained weights, or new ones.
PRETRAINED, UNTRAINED = "pretrained", "untrained"
FUNCTIONALS = "functionals"
# Number of labelled speakers that stands for all of them.
ALL_SPEAKERS = 0
START_TITLES = {PRETRAINED: "pretrained", UNTRAINED: "untrained", FUNCTIONALS: "functionals"}
_PROBES = {"linear": "linear probe", "rbf": "RBF probe"}
_POOLINGS = {"mean": "mean", "mean_std": "mean and deviation", "": ""}


def task_title(task: str | int) -> str:
    """Return the title of a task.

    Args:
        task: [LAYER/]POOLING/PROBE, or the number of labelled speakers of a fine-tuning.

    Example:
        >>> task_title("h1/mean_std/linear")
        'h1, mean and deviation, linear probe'
        >>> task_title(8)
        'fine-tuned with 8 labelled speakers'
    """
    if isinstance(task, int):
        return (
            "fine-tuned with all labelled speakers"
            if task == ALL_SPEAKERS
            else f"fine-tuned with {task} labelled speakers"
        )
    *layer, pooling, probe = task.split("/")
    return ", ".join(part for part in (*layer, _POOLINGS[pooling], _PROBES[probe]) if part)
