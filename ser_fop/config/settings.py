"""Settings that several stages share: the front end, the network, and how it learns.

The defaults are preset `paper`: the paper to the letter, and where it is silent the
choice that the README lists with its reason.
"""

from dataclasses import dataclass, field
from typing import Literal

# `--fold` of every stage: one fold's number, or every fold in turn; of `finetune` also none, which trains on everyone.
ALL_FOLDS, NO_FOLD = "all", "none"
# How speakers are dealt out to folds.
Protocol = Literal["single-fold", "session-folds", "leave-one-speaker-out", "k-speaker-folds"]


@dataclass(frozen=True, kw_only=True)
class FeatureConfig:
    """The front end. Frame t covers the samples [t hop, t hop + window) and no later one.

    Attributes:
        front_end: What a frame is made of: `log_mel`, the paper's; `mfcc`, the log-mel's
            cosine transform, from c_0 on; `lpc`, the logarithm of the power that linear
            prediction leaves, and the predictor's coefficients; `lpcc`, the same with their
            cepstrum in their place.
        coefficients: Values of a frame of `mfcc`, `lpc` and `lpcc`.
        sample_rate_hz: Rate to which audio is resampled.
        window_s: Length of the Hann window, in seconds.
        hop_s: Distance between frames, in seconds.
        fft_size: Length of the Fourier transform, in samples.
        mels: Number of mel bands (HTK scale).
        low_hz: Lower edge of the lowest band.
        high_hz: Upper edge of the highest band.
        floor: Smallest band power before the natural logarithm.
        normalised_by: Each band's mean and deviation are taken off: those of the
            `speaker` (from all of their speech, without labels: what is tested is then
            transductive) or of the `utterance` (no longer causal). It is done when
            records are read; `none` leaves it to the network, by corpus.
    """

    front_end: Literal["log_mel", "mfcc", "lpc", "lpcc"] = "log_mel"
    coefficients: int = 20
    sample_rate_hz: int = 16000
    window_s: float = 0.025
    hop_s: float = 0.010
    fft_size: int = 512
    mels: int = 80
    low_hz: float = 20.0
    high_hz: float = 7600.0
    floor: float = 1e-8
    normalised_by: Literal["none", "speaker", "utterance"] = "none"

    @property
    def width(self) -> int:
        """Values of a frame."""
        return self.mels if self.front_end == "log_mel" else self.coefficients


@dataclass(frozen=True, kw_only=True)
class ModelConfig:
    """The network, by default the paper's transformer (section 4.1).

    Attributes:
        backbone: `transformer`; or `cnn`, causal convolutions, or `lstm`, of as many
            weights a layer where `feed_forward` is twice `d_model`; or `attentive_cnn`, for
            recognition alone: convolutions to both sides and a maximum over three kernels'
            length, to be pooled with attention (in the style of Neumann and Vu 2017).
        residual_width: `model` has a residual stream of `d_model`; `input` has one of the
            mel width (of a step), in which equation 7 stands as written.
        d_model: Width of the attention, heads times the width of a head; or of the other
            backbones' layers.
        heads: Attention heads.
        feed_forward: Inner width of the transformer's feed-forward layer.
        kernel: Steps that one output of a convolution sees; each layer's lie so many
            times as far apart as those of the layer below.
        layers: Layers.
        dropout: Dropout rate.
        layer_norm: Of the transformer: `post`, the paper's, normalises each sum with the
            residual; `pre` each sub-layer's input, and the last layer's output.
        stacked_frames: Neighbouring frames that are read as one step; hidden states
            have one vector a step.
    """

    backbone: Literal["transformer", "cnn", "lstm", "attentive_cnn"] = "transformer"
    residual_width: Literal["model", "input"] = "model"
    d_model: int = 256
    heads: int = 4
    feed_forward: int = 513
    kernel: int = 8
    layers: int = 2
    dropout: float = 0.2
    layer_norm: Literal["post", "pre"] = "post"
    stacked_frames: int = 1


@dataclass(frozen=True, kw_only=True)
class PretrainingSettings:
    """How the network learns from speech without labels.

    Attributes:
        task: What it learns: `prediction` of future frames, the paper's; or, what the paper
            compares with, to give back the frames that it reads: `autoencoder`, `denoising`
            (from noise and gaps), `variational` (through a code that is drawn); or `ladder`: to
            take noise away at every layer, and to recognise emotions, which it is told of the
            fold's training speakers.
        noise: Of `denoising` and `ladder`: deviation of the noise, in units of each band's; in the
            layers of `ladder`, in theirs.
        mask_ratio: Of `denoising`: share of the frames that are hidden behind the mean.
        code: Values of a step's code in an autoencoder.
        kl_warmup_steps: Of `variational`: training steps over which the divergence gains its
            weight, at most half of all.
        ladder_costs: Of `ladder`: what noise left in the input weighs, in the first layer, and in
            each above, beside cross-entropy.
        horizons: Distances of the predicted frames, in frames: one horizon, or several at once.
        loss: Error on normalised log-mels, averaged over valid frames; `gaussian` is the
            negative log-likelihood of equation 1, of a normal distribution whose mean and
            variance are both predicted; `contrastive` tells the frame so far ahead from the
            others of its utterance (CPC).
        freq_mask: Mel bands that a mask hides from the network, less than this many; what
            it is to predict stays whole.
        time_mask: The same of frames.
        masks: Masks of each kind.
        learning_rate: Adam's learning rate.
        schedule: Keep the rate, or let it fall to zero along a cosine over all epochs.
        warmup_share: Share of the steps in which `cosine` first rises from zero.
        weight_decay: Share of the weights that a step takes off, times the learning rate.
        clip_norm: Largest norm of all gradients together; 0 clips nothing.
        accumulate: Batches whose gradients make one step.
        batch_size: Utterances (or chunks) in a batch, at most.
        batch_frames: Frames in a batch, padding included, at most.
        chunk_frames: Longer utterances are cut into equal chunks of at most this
            many frames; 0 keeps them whole.
        epochs: Epochs at most; 0 leaves the network untrained (a control).
        patience: Epochs without a better validation error before training stops.
        validation_share: Share of the speakers held out for early stopping.
        precision: `bfloat16` computes the attention layers in bfloat16, faster;
            weights, normalisation, statistics and loss stay float32.
    """

    task: Literal["prediction", "autoencoder", "denoising", "variational", "ladder"] = "prediction"
    noise: float = 0.3
    mask_ratio: float = 0.15
    code: int = 64
    kl_warmup_steps: int = 1000
    ladder_costs: tuple[float, ...] = (10.0, 1.0, 0.1)
    horizons: tuple[int, ...] = (1,)
    loss: Literal["l1", "mse", "huber", "gaussian", "contrastive"] = "l1"
    freq_mask: int = 0
    time_mask: int = 0
    masks: int = 1
    learning_rate: float = 1e-3
    schedule: Literal["constant", "cosine"] = "constant"
    warmup_share: float = 0.0
    weight_decay: float = 0.0
    clip_norm: float = 0.0
    accumulate: int = 1
    batch_size: int = 32
    batch_frames: int = 16384
    chunk_frames: int = 512
    epochs: int = 100
    patience: int = 10
    validation_share: float = 0.1
    precision: Literal["float32", "bfloat16"] = "float32"


@dataclass(frozen=True, kw_only=True)
class AugmentationSettings:
    """How training utterances are varied, anew each time; all are off by default.

    Attributes:
        freq_mask: SpecAugment: mel bands that a mask hides, less than this many.
        time_mask: SpecAugment: frames that a mask hides, less than this many.
        masks: SpecAugment: masks of each kind.
        level_db: Level is raised or lowered by at most so much.
        speed: Speech is made slower or faster by at most this share, its pitch with
            it, as a tape would.
    """

    freq_mask: int = 0
    time_mask: int = 0
    masks: int = 1
    level_db: float = 0.0
    speed: float = 0.0


@dataclass(frozen=True, kw_only=True)
class FinetuningSettings:
    """How the network learns to recognise emotions (equation 6).

    Attributes:
        strategy: What is trained: the `whole` network (the paper's), its `head` alone,
            its `last_layers`, or, `gradual`, one layer more each epoch from the head
            down (ULMFiT, Howard and Ruder 2018, section 3.3).
        last_layers: Attention layers that strategy `last_layers` trains, from above.
        layer_rate_decay: Each layer learns so many times more slowly than the one above
            it (ULMFiT's discriminative rates: 2.6); 1 lets all learn alike.
        learning_rates: Adam's learning rates to try; the one with the best accuracy
            on the validation speakers is kept.
        schedule: Keep the rate, let it fall to zero along a cosine over all epochs, or
            let it rise and fall in ULMFiT's slanted triangle.
        warmup_share: Share of the steps in which `cosine` first rises from zero.
        loss: Cross-entropy, or focal loss, which counts what is already recognised less.
        focal_gamma: How much less.
        class_weights: `balanced` lets a rare class count as much as a frequent one.
        contrastive_weight: What the contrastive loss of all pairs in a batch counts beside it: a siamese network.
        contrastive_margin: Distance beyond which utterances of two classes are far enough apart.
        dimensional_loss_weight: What arousal and valence count beside it, which are then told too where a corpus has them: multi-view
            learning.
        attention: `causal`, as in pretraining, or `full`: each frame looks at the whole
            utterance.
        normalisation: Whose mel statistics a pretrained network goes on with: its own or those of
            the fold's training speakers.
        finetuning_dropout: Dropout rate in place of that of the network (its size says it).
        pooling: Utterance vector: mean over frames (equation 6), mean and standard
            deviation, or a mean with learned weights.
        augmentation: How training utterances are varied.
        batch_size: Utterances in a batch, at most.
        batch_frames: Frames in a batch, padding included, at most.
        epochs: Epochs at most.
        keep: Which epoch's weights are kept: that of the best validation `loss`, of the
            best validation `accuracy`, or the `last`, which nobody chooses.
        train_on_validation: Train on the validation speakers too, who then choose nothing: with keep
            `last` and one learning rate alone.
        patience: Epochs without a better one before training stops; `last` runs them all.
        precision: `bfloat16` computes the attention layers in bfloat16, faster;
            weights, normalisation, pooling and loss stay float32.
    """

    strategy: Literal["whole", "head", "last_layers", "gradual"] = "whole"
    last_layers: int = 1
    layer_rate_decay: float = 1.0
    learning_rates: tuple[float, ...] = (1e-3,)
    schedule: Literal["constant", "cosine", "slanted"] = "constant"
    warmup_share: float = 0.0
    loss: Literal["cross_entropy", "focal"] = "cross_entropy"
    focal_gamma: float = 2.0
    class_weights: Literal["none", "balanced"] = "none"
    contrastive_weight: float = 0.0
    contrastive_margin: float = 1.0
    dimensional_loss_weight: float = 0.0
    attention: Literal["causal", "full"] = "causal"
    normalisation: Literal["pretrained", "target"] = "pretrained"
    finetuning_dropout: float | None = None
    pooling: Literal["mean", "mean_std", "attentive"] = "mean"
    augmentation: AugmentationSettings = field(default_factory=AugmentationSettings)
    batch_size: int = 32
    batch_frames: int = 16384
    epochs: int = 50
    keep: Literal["loss", "accuracy", "last"] = "loss"
    train_on_validation: bool = False
    patience: int = 8
    precision: Literal["float32", "bfloat16"] = "float32"


@dataclass(frozen=True, kw_only=True)
class ClassifierSettings:
    """Classifiers on hypercolumns.

    Attributes:
        svm_c: Values of C to try by validation speakers (RBF kernel).
        logistic_c: Values of C to try by validation speakers (logistic regression).
        rf_trees: Trees of the random forest.
        refit_on_validation: Once C is chosen, fit SVM, logistic regression and forest on the validation speakers too.
        lstm_units: Units of the attention LSTM.
        lstm_dropout: Dropout rate of the attention LSTM; what follows of it also serves `attention`.
        lstm_learning_rate: Adam's learning rate for the attention LSTM.
        lstm_epochs: Epochs of the attention LSTM at most.
        lstm_patience: Epochs without a better validation loss before it stops.
        lstm_batch_size: Utterances in a batch of the attention LSTM.
        code_widths: Hidden layers of the network whose code is classified; the last is the code.
        code_noise: Deviation of the noise that it learns to take away.
        code_epochs: Its epochs.
    """

    svm_c: tuple[float, ...] = (0.1, 1.0, 10.0, 100.0)
    logistic_c: tuple[float, ...] = (0.001, 0.01, 0.1, 1.0)
    rf_trees: int = 500
    refit_on_validation: bool = False
    lstm_units: int = 128
    lstm_dropout: float = 0.2
    lstm_learning_rate: float = 1e-3
    lstm_epochs: int = 50
    lstm_patience: int = 8
    lstm_batch_size: int = 32
    code_widths: tuple[int, ...] = (512, 256, 128)
    code_noise: float = 0.3
    code_epochs: int = 100
