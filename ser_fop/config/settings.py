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
        front_end: Values of a frame: `log_mel` (the paper's); `mfcc`, the cosine transform of the log-mel, from
            c_0 on; `lpc`, the log power of the linear-prediction residual and the predictor's coefficients;
            `lpcc`, the same with cepstral coefficients.
        coefficients: Values of a frame of `mfcc`, `lpc` and `lpcc`.
        sample_rate_hz: Sample rate to which audio is resampled.
        window_s: Length of the Hann window, in seconds.
        hop_s: Distance between frames, in seconds.
        fft_size: Length of the Fourier transform, in samples.
        mels: Number of mel bands (HTK scale).
        low_hz: Lower edge of the lowest band.
        high_hz: Upper edge of the highest band.
        floor: Smallest band power before the natural logarithm.
        normalised_by: Subtract each band's mean and divide by its standard deviation: those of the `speaker`
            (over all their speech without labels, so the test is transductive) or of the `utterance` (not
            causal). `none` leaves normalisation to the network, with corpus statistics.
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
        backbone: `transformer`, the paper's; `cnn`, causal convolutions, or `lstm`, both with as many weights a
            layer where `feed_forward` is twice `d_model`; `attentive_cnn`, for recognition alone: non-causal
            convolutions with max pooling over three kernel lengths, for attentive pooling (in the style of
            Neumann and Vu 2017).
        residual_width: `model` gives the transformer a residual stream of `d_model`; `input` gives it the mel
            width (of a step), for which equation 7 stands as written.
        d_model: Width of the attention (heads times head width), or of the layers of the other backbones.
        heads: Attention heads.
        feed_forward: Inner width of the transformer's feed-forward layer.
        kernel: Steps that one output of a convolution sees. The dilation grows by this factor from layer to
            layer.
        layers: Number of layers.
        dropout: Dropout rate.
        layer_norm: Layer normalisation of the transformer: `post` (the paper's) after each residual sum; `pre`
            before each sub-layer, and after the last layer.
        stacked_frames: Neighbouring frames that form one step. Hidden states have one vector a step.
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
        task: Pretraining objective: `prediction` of future frames (the paper's). Baselines reconstruct their
            input: `autoencoder`, `denoising` (of noise and masked frames), `variational`, and `ladder`, which
            denoises every layer and also learns the emotions of the fold's training speakers.
        noise: Standard deviation of the noise of `denoising` and `ladder`, relative to that of each band; in
            the layers of `ladder`, relative to that of each unit.
        mask_ratio: Share of the frames that `denoising` replaces by the mean.
        code: Width of an autoencoder's code, for each step.
        kl_warmup_steps: Training steps over which the weight of the `variational` KL divergence rises to one,
            at most half of all steps.
        ladder_costs: Weights of the `ladder` denoising costs, beside cross-entropy: of the input, of the first
            layer, and of each layer above.
        horizons: Distances of the predicted frames, in frames: one horizon, or several at once.
        loss: Error on normalised log-mels, averaged over valid frames. `gaussian` is the negative
            log-likelihood of equation 1, with a predicted mean and variance. `contrastive` classifies the true
            future frame among the other frames of the utterance (CPC).
        freq_mask: Masked mel bands of the input: each mask hides fewer bands than this. The targets stay whole.
        time_mask: Masked frames of the input: each mask hides fewer frames than this.
        masks: Masks of each kind.
        learning_rate: Learning rate of Adam.
        schedule: `constant`, or `cosine` decay to zero over all epochs.
        warmup_share: Share of the steps in which `cosine` first rises from zero.
        weight_decay: Share of the weights that a step subtracts, times the learning rate.
        clip_norm: Largest global norm of the gradients; 0 clips nothing.
        accumulate: Batches whose gradients make one step.
        batch_size: Utterances (or chunks) in a batch, at most.
        batch_frames: Frames in a batch, padding included, at most.
        chunk_frames: Longer utterances are cut into equal chunks of at most this many frames; 0 keeps them
            whole.
        epochs: Epochs, at most; 0 leaves the network untrained (a control).
        patience: Epochs without a better validation error before training stops.
        validation_share: Share of the speakers held out for early stopping.
        precision: `bfloat16` computes the attention layers in bfloat16, which is faster. Weights,
            normalisation, statistics and loss stay float32.
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
    """How training utterances vary from epoch to epoch; all of it is off by default.

    Attributes:
        freq_mask: SpecAugment: each mask hides fewer mel bands than this.
        time_mask: SpecAugment: each mask hides fewer frames than this.
        masks: SpecAugment: masks of each kind.
        level_db: Largest change of the level, up or down, in decibels.
        speed: Largest change of the speed, as a share. The pitch changes with it, as on a tape.
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
        strategy: Trained layers: the `whole` network (the paper's), the `head` alone, the `last_layers`, or
            `gradual`: one more layer each epoch, from the head down (ULMFiT, Howard and Ruder 2018, section
            3.3).
        last_layers: Attention layers that strategy `last_layers` trains, counted from the top.
        layer_rate_decay: Factor by which the learning rate falls from each layer to the one below (ULMFiT's
            discriminative rates: 2.6); 1 gives all layers the same rate.
        learning_rates: Learning rates of Adam to try. The one with the best accuracy on the validation speakers
            is kept.
        schedule: `constant`, `cosine` decay to zero over all epochs, or ULMFiT's `slanted` triangle.
        warmup_share: Share of the steps in which `cosine` first rises from zero.
        loss: Cross-entropy, or focal loss, which gives well-recognised utterances less weight.
        focal_gamma: Exponent of the focal loss.
        class_weights: `balanced` gives each class the same total weight.
        contrastive_weight: Weight of the contrastive loss over all pairs of a batch: a siamese network.
        contrastive_margin: Distance beyond which two utterances of different classes cost nothing.
        dimensional_loss_weight: Weight of the error on arousal and valence, where the corpus has them:
            multi-view learning.
        attention: `causal`, as in pretraining, or `full`: each frame attends to the whole utterance.
        normalisation: Mel statistics of a pretrained network: its own (`pretrained`), or those of the fold's
            training speakers (`target`).
        finetuning_dropout: Dropout rate in fine-tuning; the network's own by default.
        pooling: Utterance vector: mean over frames (equation 6), mean and standard deviation, or attentive
            pooling.
        augmentation: How training utterances vary.
        batch_size: Utterances in a batch, at most.
        batch_frames: Frames in a batch, padding included, at most.
        epochs: Epochs, at most.
        keep: Which epoch's weights are kept: that of the best validation `loss`, of the best validation
            `accuracy`, or the `last`, which involves no choice.
        train_on_validation: Train on the validation speakers too. Nothing is chosen then: it requires keep
            `last` and one learning rate.
        patience: Epochs without improvement before training stops; keep `last` runs all epochs.
        precision: `bfloat16` computes the attention layers in bfloat16, which is faster. Weights,
            normalisation, pooling and loss stay float32.
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
        svm_c: Values of C to try on the validation speakers (RBF kernel).
        logistic_c: Values of C to try on the validation speakers (logistic regression).
        rf_trees: Trees of the random forest.
        refit_on_validation: Fit SVM, logistic regression and forest on the validation speakers too, once C is
            chosen.
        lstm_units: Units of the attention LSTM.
        lstm_dropout: Dropout rate of the attention LSTM. This and the following settings also apply to
            `attention`.
        lstm_learning_rate: Learning rate of Adam for the attention LSTM.
        lstm_epochs: Epochs of the attention LSTM, at most.
        lstm_patience: Epochs without a better validation loss before it stops.
        lstm_batch_size: Utterances in a batch of the attention LSTM.
        code_widths: Widths of the hidden layers of the network whose code is classified; the last one is the
            code.
        code_noise: Standard deviation of the noise that this network learns to remove.
        code_epochs: Epochs of this network.
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
