#!/usr/bin/env bash
# Trains and publishes the models of saved_models/ from local copies of the corpora; about four hours on 2 cores:
#   pipelines/saved_models.sh LIBRISPEECH SPEECHOCEAN RAVDESS NEMO EMOSPEECHCOMMANDS [FOLDER]
# SPEECHOCEAN, NEMO and EMOSPEECHCOMMANDS contain a metadata.csv with file, speaker and emotion. Published figures come
# from the folds of each corpus, and from each corpus left out in turn; the published networks are trained on all speakers.
# MODELS="fop emotion-ravdess emotion-common emotion-stream" selects models. FIGURES="RUN RUN .." names existing runs of `finetune
# --fold all` for emotion-ravdess, such as those of `reproduce`, to use instead; CONTROL="RUN .." such runs from scratch.
set -euo pipefail
librispeech=$(realpath "$1")
speechocean=$(realpath "$2")
ravdess=$(realpath "$3")
nemo=$(realpath "$4")
commands=$(realpath "$5")
here=$(realpath "$(dirname "$0")")
out=$(realpath "$here/../saved_models")
models=${MODELS:-fop emotion-ravdess emotion-common emotion-stream}
figures=$(for run in ${FIGURES:-}; do realpath "$run"; done)
control=$(for run in ${CONTROL:-}; do realpath "$run"; done)
mkdir -p "${6:-runs/saved_models}"
cd "${6:-runs/saved_models}"
made_by="pipelines/saved_models.sh LIBRISPEECH SPEECHOCEAN RAVDESS NEMO EMOSPEECHCOMMANDS"
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
    --notes "The recipe's settings were found on Actors 1 to 12 of RAVDESS (docs/lab-notebook/studies.md), who are half of the speakers below." \
    --figures $figures --control $control
fi

# Prepares the labelled corpora, trains on all of them, on each fold, and on all but one, and publishes.
several() { # NAME RECIPE OPTIONS OF FINETUNE
  local name=$1 recipe=$here/recipes/$2_finetuning.yaml records tested others
  shift 2
  prepare_with() { # OPTIONS OF PREPARE
    ser-fop prepare --config "$here/recipes/common_records.yaml" "$@"
  }
  own() { # NAME TITLE FOLDER
    prepare_with --corpus csv --name "$1" --title "$2" --licence "$non_commercial" --audio-dir "$3" \
      --manifest "$3/metadata.csv" --out "records/common/$1"
  }
  prepare_with --corpus ravdess --audio-dir "$ravdess" --out "records/common/ravdess"
  own nemo "nEMO (Polish)" "$nemo"
  own emospeechcommands "EmoSpeechCommands (Indian English and Hindi)" "$commands"
  records="records/common/ravdess records/common/nemo records/common/emospeechcommands"
  train() { # OPTIONS OF FINETUNE
    ser-fop finetune --config "$recipe" "${more[@]}" "$@"
  }
  local more=("$@")
  # shellcheck disable=SC2086
  train --records $records --fold none --out "$name"
  # shellcheck disable=SC2086
  train --records $records --fold all --out "$name-folds"
  for tested in $records; do
    others=${records/$tested/}
    # shellcheck disable=SC2086
    train --records $others --test-records "$tested" --fold 0 --out "$name-without-$(basename "$tested")"
  done
  ser-fop publish --model "$name" --licence "$non_commercial" --made-by "$made_by" --out "$out/$name" \
    --figures "$name-folds" --coverage 0.9
}

if [[ $models == *emotion-common* ]]; then
  several emotion-common common
fi

if [[ $models == *emotion-stream* ]]; then
  ser-fop prepare --config "$here/recipes/common_records.yaml" --corpus librispeech --audio-dir "$librispeech" \
    --out records/common/librispeech
  ser-fop prepare --config "$here/recipes/common_records.yaml" --corpus csv --name speechocean --title speechocean762 \
    --licence "Apache 2.0" --audio-dir "$speechocean" --manifest "$speechocean/metadata.csv" \
    --out records/common/speechocean
  ser-fop pretrain --config "$here/recipes/speech_pretraining.yaml" \
    --records records/common/librispeech records/common/speechocean --out fop-speech
  several emotion-stream stream --pretrained fop-speech
fi
