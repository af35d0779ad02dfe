#!/usr/bin/env bash
# What the layers of a network know of emotion, keyword and speaker (docs/results/targets.md); about an hour on 2 cores:
#   pipelines/experiments/targets.sh RAVDESS EMOSPEECHCOMMANDS SPEECHOCEAN LIBRISPEECH ACCENTS [FOLDER]
# Each layer of fop-librispeech, of two further pretrainings of its recipe, and of the same network untrained (three seeds),
# is classified by logistic regression. Keywords are fine-tuned with three seeds. RIVALS="FOLDER" holds features of
# `python -m benchmarks.speaker_rivals` by corpus. Emotions are those of RAVDESS's development speakers.
# Figures: python docs/update_targets.py FOLDER
set -euo pipefail
ravdess=$(realpath "$1")
commands=$(realpath "$2")
speechocean=$(realpath "$3")
librispeech=$(realpath "$4")
accents=$(realpath "$5")
here=$(realpath "$(dirname "$0")/..")
rivals=${RIVALS:+$(realpath "$RIVALS")}
mkdir -p "${6:-runs/targets}"
cd "${6:-runs/targets}"

prepare() { # OPTIONS
  ser-fop prepare --features-of fop-librispeech "$@"
}
classify() { # TASK CORPUS NETWORK FEATURES.. -- OPTIONS
  local task=$1 corpus=$2 network=$3
  shift 3
  local features=()
  while [ "$1" != -- ]; do features+=("$1") && shift; done
  for feature in "${features[@]}"; do
    ser-fop classify --hypercolumns "${folder:-features/$corpus/$network}" --feature "$feature" --classifier logistic \
      --logistic-c 0.1 --fold all --out "$task/$corpus/$network/$feature" "${@:2}"
  done
}
layers() { # TASK CORPUS OPTIONS OF CLASSIFY
  local task=$1 corpus=$2
  shift 2
  for seed in 0 1 2; do
    ser-fop extract --records "records/$corpus" --pretrained "${networks[seed]}" --pooling mean_std \
      --out "features/$corpus/pretrained-$seed"
    ser-fop extract --records "records/$corpus" --pretrained fop-librispeech --pooling mean_std --untrained-seed "$seed" \
      --out "features/$corpus/untrained-$seed"
    classify "$task" "$corpus" "pretrained-$seed" h1 h2 -- "$@"
    classify "$task" "$corpus" "untrained-$seed" h1 h2 -- "$@"
  done
  classify "$task" "$corpus" pretrained-0 F -- "$@"
}

networks=(fop-librispeech pretrained/1 pretrained/2)
prepare --corpus librispeech --audio-dir "$librispeech" --out records/librispeech
for seed in 1 2; do
  ser-fop pretrain --preset recommended --precision bfloat16 --epochs 40 --patience 40 --records records/librispeech \
    --seed "$seed" --out "pretrained/$seed"
done
prepare --corpus ravdess --audio-dir "$ravdess" --out records/ravdess
prepare --corpus emospeechcommands --audio-dir "$commands" --target word --labels help bacho stop no go yes --out records/words
prepare --corpus csv --name speechocean --audio-dir "$speechocean" --manifest "$speechocean/metadata.csv" --out records/speechocean
python "$here/experiments/accent_halves.py" "$accents/metadata.csv" accents.csv
prepare --corpus csv --name accents --audio-dir "$accents" --manifest accents.csv --target speaker --out records/accents

layers emotion ravdess --folds "$here/folds/ravdess_development.json"
layers keyword words
layers speaker ravdess --target speaker
layers speaker speechocean --target speaker
layers speaker accents --target speaker
if [ -n "$rivals" ]; then
  for corpus in ravdess speechocean accents; do
    folder=$rivals/$corpus classify speaker "$corpus" rival-0 mfcc resemblyzer -- --target speaker
  done
fi
for seed in 0 1 2; do
  ser-fop finetune --preset recommended --precision bfloat16 --epochs 60 --time-mask 8 --freq-mask 10 --records records/words \
    --pretrained fop-librispeech --seed "$seed" --fold 0 --out "keyword/words/finetuned-$seed/network"
done
