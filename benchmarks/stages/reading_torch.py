"""Dataset, sampler and collate function for PyTorch's loader. Import it inside functions: PyTorch is an extra."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch.nn.utils.rnn import pad_sequence
from torch.utils.data import Dataset

from benchmarks.batches import bucketed


class MelFolder(Dataset):
    """Dataset of a folder with one float16 `.npy` file per utterance."""

    def __init__(self, folder: Path, count: int) -> None:
        self.folder = folder
        self.count = count

    def __len__(self) -> int:
        return self.count

    def __getitem__(self, number: int) -> torch.Tensor:
        return torch.from_numpy(np.load(self.folder / f"{number:06d}.npy"))


class ShuffledBatches:
    """Batch sampler that buckets by length and shuffles in each epoch."""

    def __init__(self, lengths: np.ndarray, **sizes: Any) -> None:
        self.lengths = lengths
        self.sizes = sizes
        self.epoch = 0

    def __len__(self) -> int:
        return len(bucketed(self.lengths, **self.sizes))

    def __iter__(self) -> Iterator[list[int]]:
        self.epoch += 1
        for batch in bucketed(self.lengths, seed=self.epoch, **self.sizes):
            yield batch.tolist()


def collate(mels: list[torch.Tensor]) -> tuple[torch.Tensor, torch.Tensor]:
    """Return padded float32 log-mels and the mask of real frames."""
    lengths = torch.tensor([len(mel) for mel in mels])
    batch = pad_sequence(mels, batch_first=True).float()
    return batch, torch.arange(batch.shape[1]) < lengths[:, None]
