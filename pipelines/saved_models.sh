#!/usr/bin/env bash
# Trains and publishes the models of saved_models/ from local copies of the corpora; about three hours on 2 cores:
#   pipelines/saved_models.sh LIBRISPEECH SPEECHOCEAN RAVDESS NEMO EMOSPEECHCOMMANDS [FOLDER]
# SPEECHOCEAN, NEMO and EMOSPEECHCOMMANDS contain a metadata.csv with file, speaker and emotion. Published figures come
# from the folds of each corpus, and from each corpus left out in turn; the published networks are trained on all speakers.
# MODELS="fop-librispeech emotion-ravdess fop-speech emotion-common" selects models. FIGURES="RUN RUN .." names existing
# runs of `finetune --fold all` for emotion-ravdess, such as those of `reproduce`, to use instead; CONTROL="RUN .." such
# runs from scratch.
set -euo pipefail
librispeech=$(realpath "$1")
speechocean=$(realpath "$2")
ravdess=$(realpath "$3")
nemo=$(realpath "$4")
commands=$(realpath "$5")
here=$(realpath "$(dirname "$0")")
out=$(realpath "$here/../saved_models")
models=${MODELS:-fop-librispeech emotion-ravdess fop-speech emotion-common}
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

if [[ $models == *fop-librispeech* || $models == *emotion-ravdess* ]]; then
  ser-fop prepare --preset recommended --corpus librispeech --audio-dir "$librispeech" --out records/librispeech
  pretrain 0 fop-librispeech
fi
if [[ $models == *fop-librispeech* ]]; then
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

common() { # OPTIONS OF PREPARE
  ser-fop prepare --config "$here/recipes/common_records.yaml" "$@"
}
own() { # NAME TITLE LICENCE FOLDER
  common --corpus csv --name "$1" --title "$2" --licence "$3" --audio-dir "$4" --manifest "$4/metadata.csv" \
    --out "records/common/$1"
}
if [[ $models == *fop-speech* || $models == *emotion-common* ]]; then
  common --corpus librispeech --audio-dir "$librispeech" --out records/common/librispeech
  own speechocean speechocean762 "Apache 2.0" "$speechocean"
  seeds="0 1 2"
  [[ $models == *fop-speech* ]] || seeds=0
  for seed in $seeds; do
    ser-fop pretrain --config "$here/recipes/common_pretraining.yaml" --seed "$seed" \
      --records records/common/librispeech records/common/speechocean --out "fop-speech-$seed"
  done
  common --corpus ravdess --audio-dir "$ravdess" --out records/common/ravdess
  own nemo "nEMO (Polish)" "$non_commercial" "$nemo"
  own emospeechcommands "EmoSpeechCommands (Indian English and Hindi)" "$non_commercial" "$commands"
  records="records/common/ravdess records/common/nemo records/common/emospeechcommands"
fi

if [[ $models == *fop-speech* ]]; then
  for corpus in ravdess:"$ravdess" nemo:"$nemo" emospeechcommands:"$commands"; do
    ser-fop functionals --records "records/common/${corpus%%:*}" --audio-dir "${corpus#*:}" --sets eGeMAPSv02 \
      --out "functionals/${corpus%%:*}"
  done
  # shellcheck disable=SC2086
  ser-fop probe --config "$here/recipes/claim_probe.yaml" --folds "$here"/folds/*_claim.json \
    --out probe-claim --records $records \
    --pretrained fop-speech=fop-speech-0 fop-speech=fop-speech-1 fop-speech=fop-speech-2 --functionals functionals/*
  ser-fop publish --model fop-speech-0 --licence "CC BY 4.0" --made-by "$made_by" --out "$out/fop-speech" \
    --probe probe-claim/probe.json
fi

if [[ $models == *emotion-common* ]]; then
  recipe="$here/recipes/common_finetuning.yaml"
  train() { # OPTIONS OF FINETUNE
    ser-fop finetune --config "$recipe" --pretrained fop-speech-0 "$@"
  }
  # shellcheck disable=SC2086
  train --records $records --fold none --out emotion-common
  # shellcheck disable=SC2086
  train --records $records --fold all --out common-folds
  for tested in $records; do
    others=${records/$tested/}
    # shellcheck disable=SC2086
    train --records $others --test-records "$tested" --fold 0 --out "common-without-$(basename "$tested")"
  done
  ser-fop publish --model emotion-common --licence "$non_commercial" --made-by "$made_by" --out "$out/emotion-common" \
    --figures common-folds --coverage 0.9
fi
