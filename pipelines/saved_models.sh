#!/usr/bin/env bash
# Trains and publishes the models of saved_models/ from local copies of LibriSpeech and RAVDESS; about three hours on 2 cores:
#   pipelines/saved_models.sh LIBRISPEECH RAVDESS [FOLDER]
# The published figures come from three repeats over the five published folds; the published network is trained on all
# speakers. FIGURES="RUN RUN .." names existing runs of `finetune --fold all`, such as those of `reproduce`, to use
# instead. CONTROL="RUN .." names such runs that were trained from scratch.
set -euo pipefail
librispeech=$(realpath "$1")
ravdess=$(realpath "$2")
out=$(realpath "$(dirname "$0")/../saved_models")
figures=$(for run in ${FIGURES:-}; do realpath "$run"; done)
control=$(for run in ${CONTROL:-}; do realpath "$run"; done)
mkdir -p "${3:-runs/saved_models}"
cd "${3:-runs/saved_models}"

ser-fop prepare --preset recommended --corpus librispeech --audio-dir "$librispeech" --out records/librispeech
ser-fop prepare --preset recommended --corpus ravdess --audio-dir "$ravdess" --out records/ravdess

pretrain() { # SEED OUT
  ser-fop pretrain --preset recommended --precision bfloat16 --epochs 40 --patience 40 --records records/librispeech \
    --seed "$1" --out "$2"
}
finetune() { # SEED PRETRAINED FOLD OUT
  ser-fop finetune --preset recommended --precision bfloat16 --epochs 60 --records records/ravdess --seed "$1" \
    --pretrained "$2" --fold "$3" --out "$4"
}

pretrain 0 fop-librispeech
finetune 0 fop-librispeech none emotion-ravdess
if [ -z "$figures" ]; then
  finetune 0 fop-librispeech all folds-0
  for seed in 1 2; do
    pretrain "$seed" "fop-$seed"
    finetune "$seed" "fop-$seed" all "folds-$seed"
  done
  figures="folds-0 folds-1 folds-2"
fi
made_by="pipelines/saved_models.sh LIBRISPEECH RAVDESS"
ser-fop publish --model fop-librispeech --licence "CC BY 4.0" --made-by "$made_by" --out "$out/fop-librispeech"
# shellcheck disable=SC2086 # word splitting is intended: one word per run
ser-fop publish --model emotion-ravdess --licence "CC BY-NC-SA 4.0" --made-by "$made_by" --out "$out/emotion-ravdess" \
  --notes "The recipe's settings were found on Actors 1 to 12 of RAVDESS (docs/studies.md), who are half of the speakers below." \
  --figures $figures --control $control
