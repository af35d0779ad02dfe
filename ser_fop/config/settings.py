"""Settings that several stages share: front end, network, training and classifiers.

The defaults are preset `paper`. They follow the paper to the letter. docs/explanation/paper-gaps.md lists the
choices that the paper leaves open, with their reasons.
"""

from dataclasses import dataclass, field
from typing import Literal

from ser_fop.config.augmentation_settings import AugmentationSettings
from ser_fop.utils.json_io import STORED_WITHOUT

# Values of `--fold` other than a fold's number: all folds in turn, or (`finetune` alone) training on all speakers.
ALL_FOLDS, NO_FOLD = "all", "none"
# Methods to divide speakers into folds.
Protocol = Literal["single-fold", "session-folds", "leave-one-speaker-out", "k-speaker-folds"]


@dataclass(frozen=True, kw_only=True)
class FeatureConfig:
    """Settings of the front end. Frame t covers the samples [t hop, t hop + window) and no later sample.

    Attributes:
        front_end: Values of a frame: `log_mel` (the paper's); `mfcc`, the cosine transform of the log-mel, from
            c_0 on; `lpc`, the log power of the linear-prediction residual and the prediction coefficients;
            `lpcc`, the log power and the cepstral coefficients.
        coefficients: Number of values in a frame of `mfcc`, `lpc` and `lpcc`.
        sample_rate_hz: Sample rate to which audio is resampled, in hertz.
        window_s: Length of the Hann window, in seconds.
        hop_s: Distance between frames, in seconds.
        fft_size: Length of the Fourier transform, in samples.
        mels: Number of mel bands (HTK scale).
        low_hz: Lower edge of the lowest band, in hertz.
        high_hz: Upper edge of the highest band, in hertz.
        remove_below_hz: Remove what a frame contains below this frequency, such as a constant offset, drift and mains
            hum, before the window is applied. 60 attenuates 50 Hz by 55 dB and 100 Hz by 6 dB. 0 removes nothing.
        level: `recorded` keeps the level of a recording. `speech` removes it: the power of each recording is divided
            by that of its active speech (ITU-T P.56), so that a gain changes nothing. Not causal. `running` is
            causal, for streams: relative to the loudest 0.25 s so far, which fades by 1 dB per second.
        floor: Smallest band power before the natural logarithm, relative to the level unless it is `recorded`.
        normalised_by: Source of the mean and standard deviation that normalise each band. `speaker` uses all
            speech of the speaker, without labels, so the test is transductive. `utterance` is not causal;
            `utterance_mean` subtracts the mean only. `none` leaves normalisation to the network, with corpus statistics.
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
    remove_below_hz: float = field(default=60.0, metadata={STORED_WITHOUT: 0.0})
    level: Literal["recorded", "speech", "running"] = "recorded"
    floor: float = 1e-8
    normalised_by: Literal["none", "speaker", "utterance", "utterance_mean"] = "none"

    @property
    def width(self) -> int:
        """Number of values in a frame."""
        return self.mels if self.front_end == "log_mel" else self.coefficients


@dataclass(frozen=True, kw_only=True)
class ModelConfig:
    """Settings of the network, by default the paper's transformer (section 4.1).

    Attributes:
        backbone: `transformer` (the paper's); `cnn`, causal convolutions; or `lstm`. A layer of `cnn` or `lstm`
            has as many weights as one of the transformer whose `feed_forward` is twice `d_model`.
            `attentive_cnn`, for recognition alone, has non-causal convolutions of three kernel lengths with max
            pooling, for attentive pooling (in the style of Neumann and Vu 2017).
        residual_width: Width of the transformer's residual stream: `d_model` (`model`), or the number of mel
            bands of a step (`input`), as in equation 7.
        d_model: Width of the attention (heads times head width), or of the layers of the other backbones.
        heads: Attention heads.
        feed_forward: Inner width of the transformer's feed-forward layer.
        kernel: Kernel length of a convolution, in steps. The dilation grows by this factor from layer to layer.
        layers: Number of layers.
        dropout: Dropout rate.
        layer_norm: Layer normalisation of the transformer: `post` (the paper's) after each residual sum; `pre`
            before each sub-layer, and after the last layer.
        stacked_frames: Neighbouring frames that form one step. Hidden states have one vector for each step.
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
    """Settings of pretraining on speech without labels.

    Attributes:
        task: Pretraining objective: `prediction` of future frames (the paper's). Baselines reconstruct their
            input: `autoencoder`, `denoising` (with noise and masked frames), `variational`, and `ladder`, which
            denoises every layer and also learns the emotions of the fold's training speakers.
        noise: Standard deviation of the noise of `denoising` and `ladder`, relative to that of each band; in
            the layers of `ladder`, relative to that of each unit.
        mask_ratio: Share of the frames that `denoising` replaces by the mean.
        code: Width of an autoencoder's code, for each step.
        kl_warmup_steps: Training steps over which the weight of the `variational` KL divergence rises to one,
            at most half of all steps.
        ladder_costs: Weights of the `ladder` denoising losses of the input, of the first layer, and of each
            layer above. Cross-entropy has weight 1.
        horizons: Distances of the predicted frames, in frames. Several distances are predicted at once.
        loss: Error on normalised log-mels, averaged over valid frames. `gaussian` is the negative
            log-likelihood of equation 1, with a predicted mean and variance. `contrastive` classifies the true
            future frame among the other frames of the utterance (CPC).
        freq_mask: Masked mel bands of the input: each mask hides fewer bands than this. Targets are not masked.
        time_mask: Masked frames of the input: each mask hides fewer frames than this.
        masks: Number of masks of each kind.
        renditions: Share of the utterances that are read as one of the records' renditions (`prepare --renditions`).
            The targets are the frames of the recording itself.
        learning_rate: Learning rate of Adam.
        schedule: `constant`, or `cosine` decay to zero over all epochs.
        warmup_share: Share of the steps in which the learning rate of `cosine` first rises from zero.
        weight_decay: Weight decay. Each step subtracts this share of the weights times the learning rate.
        clip_norm: Maximum global norm of the gradients; 0 disables clipping.
        accumulate: Number of batches whose gradients are accumulated for one step.
        batch_size: Maximum number of utterances (or chunks) in a batch.
        batch_frames: Maximum number of frames in a batch, with padding.
        chunk_frames: Maximum length of a chunk, in frames. Longer utterances are cut into equal chunks; 0 cuts
            none.
        epochs: Maximum number of epochs; 0 leaves the network untrained (a control).
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
    renditions: float = 0.0
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
class FinetuningSettings:
    """Settings of fine-tuning for emotion recognition (equation 6).

    Attributes:
        strategy: Trained layers: the `whole` network (the paper's), the `head` alone, or the `last_layers`.
            `gradual` adds one layer in each epoch, from the head down (ULMFiT, Howard and Ruder 2018, section
            3.3).
        last_layers: Attention layers that strategy `last_layers` trains, counted from the top.
        layer_rate_decay: Factor by which the learning rate falls from each layer to the layer below (ULMFiT's
            discriminative rates: 2.6); 1 gives all layers the same rate.
        learning_rates: Learning rates of Adam to try. The run uses the rate with the best accuracy on the
            validation speakers.
        schedule: `constant`, `cosine` decay to zero over all epochs, or ULMFiT's `slanted` triangle.
        warmup_share: Share of the steps in which the learning rate of `cosine` first rises from zero.
        loss: Cross-entropy, or focal loss, which gives well-recognised utterances less weight.
        focal_gamma: Exponent of the focal loss.
        class_weights: `balanced` gives each class the same total weight; `corpus_balanced` gives each class of each
            corpus the same total weight within it, and each corpus the same total weight.
        contrastive_weight: Weight of the contrastive loss over all pairs of a batch (siamese network).
        contrastive_margin: Margin of the contrastive loss: the distance at which the loss of two utterances of
            different classes becomes zero.
        dimensional_loss_weight: Weight of the loss on arousal and valence, if the corpus has these labels
            (multi-view learning).
        attention: `causal`, as in pretraining, or `full`: each frame attends to the whole utterance.
        normalisation: Mel statistics of a pretrained network: those of pretraining (`pretrained`), or those of the
            fold's training speakers (`target`).
        finetuning_dropout: Dropout rate in fine-tuning; by default that of the pretrained network.
        pooling: Pooling over time: mean (equation 6), mean and standard deviation, or attentive pooling.
        augmentation: Settings of augmentation.
        batch_size: Maximum number of utterances in a batch.
        batch_frames: Maximum number of frames in a batch, with padding.
        epochs: Maximum number of epochs.
        keep: Epoch whose weights are kept: the epoch with the best validation `loss` or `accuracy`, or the
            `last` epoch, which needs no selection.
        train_on_validation: Train on the validation speakers too. Then nothing can be selected: it requires
            keep `last` and one learning rate.
        patience: Epochs without improvement before training stops. With keep `last` all epochs run.
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
    class_weights: Literal["none", "balanced", "corpus_balanced"] = "none"
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
    """Settings of the classifiers on hypercolumns.

    Attributes:
        svm_c: Values of C to try on the validation speakers (RBF kernel).
        logistic_c: Values of C to try on the validation speakers (logistic regression).
        rf_trees: Number of trees of the random forest.
        class_weights: `corpus_balanced` gives each class of each corpus the same total weight in SVM, random
            forest, logistic regression and the selection of C; with several corpora.
        refit_on_validation: After the selection of C, fit SVM, logistic regression and random forest again, on
            the training and validation speakers.
        lstm_units: Units of the attention LSTM.
        lstm_dropout: Dropout rate of the attention LSTM. This and the following settings also apply to
            `attention`.
        lstm_learning_rate: Learning rate of Adam for the attention LSTM.
        lstm_epochs: Maximum number of epochs of the attention LSTM.
        lstm_patience: Epochs without a better validation loss before training stops.
        lstm_batch_size: Maximum number of utterances in a batch of the attention LSTM.
        code_widths: Widths of the hidden layers of the network that computes the hidden code (`--code`). The
            last layer is the code.
        code_noise: Standard deviation of the noise that this network learns to remove.
        code_epochs: Number of epochs of this network.
    """

    svm_c: tuple[float, ...] = (0.1, 1.0, 10.0, 100.0)
    logistic_c: tuple[float, ...] = (0.001, 0.01, 0.1, 1.0)
    rf_trees: int = 500
    class_weights: Literal["none", "corpus_balanced"] = "none"
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
