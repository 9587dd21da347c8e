#!/bin/sh
# Trains on two small real data sets that stand in examples/data, shows what was found and what came out.
set -eu
cd "$(dirname "$0")/.."

echo "1. Numeric series of unequal length: which of nine speakers says the vowels? (270 series, 12 channels)"
vowels=examples/data/japanese-vowels
seqwise train "$vowels/train.ts.gz" --test "$vowels/test.ts.gz"

echo
echo "2. Texts: when was this passage of a president's address written? (4500 passages, 3 periods)"
addresses=examples/data/union-addresses
seqwise train "$addresses/train.csv.gz" --dev "$addresses/dev.csv.gz" --test "$addresses/test.csv.gz" --max-epochs 4

echo
echo "Each run folder under runs/ is a model. For example:"
run=$(ls -td runs/union-addresses-* | head -n 1)
echo "\$ echo '{\"text\": \"We must conquer inflation and create jobs.\"}' | seqwise predict $run - --format jsonl --proba"
echo '{"text": "We must conquer inflation and create jobs."}' | seqwise predict "$run" - --format jsonl --proba
