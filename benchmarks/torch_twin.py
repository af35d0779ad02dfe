"""The same network in plain PyTorch, for comparison in the pretraining, extraction and prediction benchmarks.

It uses a fused query-key-value projection, `scaled_dot_product_attention` (with its flash kernel, also on the CPU),
fused Adam, and autocast for bfloat16. Import this module inside functions, because PyTorch is an extra.
"""

import math

import torch
from torch import nn
from torch.nn import functional


class Attention(nn.Module):
    """Masked multi-head self-attention."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.project_in = nn.Linear(width, 3 * width)
        self.project_out = nn.Linear(width, width)

    def forward(self, inputs: torch.Tensor) -> torch.Tensor:
        """Map (batch, frames, width) to the same shape."""
        batch, frames, width = inputs.shape
        projected = self.project_in(inputs).view(batch, frames, 3, self.heads, width // self.heads)
        query, key, value = projected.permute(2, 0, 3, 1, 4)
        attended = functional.scaled_dot_product_attention(query, key, value, is_causal=True)
        return self.project_out(attended.transpose(1, 2).reshape(batch, frames, width))


class TransformerLayer(nn.Module):
    """Self-attention and feed-forward network with layer normalisation after each sum (post-LN)."""

    def __init__(self, width: int, heads: int, feed_forward: int, dropout: float) -> None:
        super().__init__()
        self.attention = Attention(width, heads)
        self.attention_norm = nn.LayerNorm(width)
        self.inner = nn.Linear(width, feed_forward)
        self.outer = nn.Linear(feed_forward, width)
        self.feed_forward_norm = nn.LayerNorm(width)
        self.dropout = nn.Dropout(dropout)

    def forward(self, inputs: torch.Tensor) -> torch.Tensor:
        """Map (batch, frames, width) to the same shape."""
        hidden = self.attention_norm(inputs + self.dropout(self.attention(inputs)))
        return self.feed_forward_norm(hidden + self.dropout(self.outer(functional.relu(self.inner(hidden)))))


class FramePredictor(nn.Module):
    """Network from log-mels to predicted log-mels; `hidden_states` returns F, h1 .. hL."""

    def __init__(
        self,
        mels: int = 80,
        width: int = 256,
        heads: int = 4,
        feed_forward: int = 513,
        layers: int = 2,
        dropout: float = 0.2,
    ) -> None:
        super().__init__()
        self.register_buffer("mean", torch.zeros(mels))
        self.register_buffer("std", torch.ones(mels))
        rates = torch.exp(torch.arange(0, width, 2) * (-math.log(10000.0) / width))
        angles = torch.arange(4096)[:, None] * rates
        self.register_buffer("positions", torch.stack([angles.sin(), angles.cos()], -1).flatten(1))
        self.embed = nn.Linear(mels, width)
        self.layers = nn.ModuleList(TransformerLayer(width, heads, feed_forward, dropout) for _ in range(layers))
        self.predict = nn.Linear(width, mels)

    def hidden_states(self, mel: torch.Tensor) -> list[torch.Tensor]:
        """Return the normalised log-mel and the output of each layer."""
        states = [(mel - self.mean) / self.std]
        hidden = self.embed(states[0])
        hidden = hidden + self.positions[: mel.shape[1]].to(hidden.dtype)
        for layer in self.layers:
            hidden = layer(hidden)
            states.append(hidden)
        return states

    def forward(self, mel: torch.Tensor) -> torch.Tensor:
        """Map (batch, frames, mels) to the same shape."""
        return self.predict(self.hidden_states(mel)[-1]).float() * self.std + self.mean


def frame_loss(predicted: torch.Tensor, target: torch.Tensor, weight: torch.Tensor) -> torch.Tensor:
    """Return the weighted mean of the L1 error over frames."""
    errors = (predicted - target).abs().mean(-1)
    return (errors * weight).sum() / weight.sum()
