#!/usr/bin/env bash
# Trains and publishes the models of saved_models/ from local copies of the corpora; about two hours on 2 cores:
#   pipelines/saved_models.sh LIBRISPEECH RAVDESS NEMO EMOSPEECHCOMMANDS [FOLDER]
# NEMO and EMOSPEECHCOMMANDS contain a metadata.csv with file, speaker and emotion. Published figures come from the
# folds of each corpus, and from each corpus left out in turn; the published networks are trained on all speakers.
# MODELS="fop emotion-ravdess emotion-common" selects models. FIGURES="RUN RUN .." names existing runs of `finetune
# --fold all` for emotion-ravdess, such as those of `reproduce`, to use instead; CONTROL="RUN .." such runs from scratch.
set -euo pipefail
librispeech=$(realpath "$1")
ravdess=$(realpath "$2")
nemo=$(realpath "$3")
commands=$(realpath "$4")
here=$(realpath "$(dirname "$0")")
out=$(realpath "$here/../saved_models")
models=${MODELS:-fop emotion-ravdess emotion-common}
figures=$(for run in ${FIGURES:-}; do realpath "$run"; done)
control=$(for run in ${CONTROL:-}; do realpath "$run"; done)
mkdir -p "${5:-runs/saved_models}"
cd "${5:-runs/saved_models}"
made_by="pipelines/saved_models.sh LIBRISPEECH RAVDESS NEMO EMOSPEECHCOMMANDS"
non_commercial="CC BY-NC-SA 4.0"

pretrain() { # SEED OUT
  ser-fop pretrain --preset recommended --precision bfloat16 --epochs 40 --patience 40 --records records/librispeech \
    --seed "$1" --out "$2"
}
finetune() { # SEED PRETRAINED FOLD OUT
  ser-fop finetune --preset recommended --precision bfloat16 --epochs 60 --records records/ravdess --seed "$1" \
    --pretrained "$2" --fold "$3" --out "$4"
}

if [[ $models == *fop* || $models == *emotion-ravdess* ]]; then
  ser-fop prepare --preset recommended --corpus librispeech --audio-dir "$librispeech" --out records/librispeech
  pretrain 0 fop-librispeech
fi
if [[ $models == *fop* ]]; then
  ser-fop publish --model fop-librispeech --licence "CC BY 4.0" --made-by "$made_by" --out "$out/fop-librispeech"
fi

if [[ $models == *emotion-ravdess* ]]; then
  ser-fop prepare --preset recommended --corpus ravdess --audio-dir "$ravdess" --out records/ravdess
  finetune 0 fop-librispeech none emotion-ravdess
  if [ -z "$figures" ]; then
    finetune 0 fop-librispeech all folds-0
    for seed in 1 2; do
      pretrain "$seed" "fop-$seed"
      finetune "$seed" "fop-$seed" all "folds-$seed"
    done
    figures="folds-0 folds-1 folds-2"
  fi
  # shellcheck disable=SC2086 # word splitting is intended: one word per run
  ser-fop publish --model emotion-ravdess --licence "$non_commercial" --made-by "$made_by" --out "$out/emotion-ravdess" \
    --notes "The recipe's settings were found on Actors 1 to 12 of RAVDESS (docs/studies.md), who are half of the speakers below." \
    --figures $figures --control $control
fi

if [[ $models == *emotion-common* ]]; then
  common() { # OPTIONS OF PREPARE
    ser-fop prepare --config "$here/recipes/common_records.yaml" "$@"
  }
  common --corpus ravdess --audio-dir "$ravdess" --out records/common/ravdess
  common --corpus csv --name nemo --title "nEMO (Polish)" --audio-dir "$nemo" --manifest "$nemo/metadata.csv" --licence "$non_commercial" \
    --out records/common/nemo
  common --corpus csv --name emospeechcommands \
    --title "EmoSpeechCommands (Indian English and Hindi)" --audio-dir "$commands" --manifest "$commands/metadata.csv" \
    --licence "$non_commercial" --out records/common/emospeechcommands
  records="records/common/ravdess records/common/nemo records/common/emospeechcommands"
  recipe="$here/recipes/common_finetuning.yaml"
  # shellcheck disable=SC2086
  ser-fop finetune --config "$recipe" --records $records --fold none --out emotion-common
  # shellcheck disable=SC2086
  ser-fop finetune --config "$recipe" --records $records --fold all --out common-folds
  for tested in $records; do
    others=${records/$tested/}
    # shellcheck disable=SC2086
    ser-fop finetune --config "$recipe" --records $others --test-records "$tested" --fold 0 \
      --out "common-without-$(basename "$tested")"
  done
  ser-fop publish --model emotion-common --licence "$non_commercial" --made-by "$made_by" --out "$out/emotion-common" \
    --figures common-folds --coverage 0.9
fi
