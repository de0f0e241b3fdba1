#!/usr/bin/env bash
# Three runs of docs/examples/nuclei.yaml, one after another, and the mean of their tables.
#   tools/nuclei.sh path/to/nuclei OUT
# The folder has images/, labels/ and index.csv with the column centre. An OUT/SEED that has a report is kept.
set -euo pipefail
here="$(cd "$(dirname "$0")/.." && pwd)"
data="$1"
out="$2"
mkdir -p "$out"
for seed in 1 2 3; do
  if [[ ! -f "$out/$seed/report.json" ]]; then
    rm -rf "${out:?}/$seed"
    sed "s/^  seed: .*/  seed: $seed/" "$here/docs/examples/nuclei.yaml" > "$out/nuclei-$seed.yaml"
    "$here/consilium" run "$out/nuclei-$seed.yaml" --local 6 --data "$data" --partition by:centre --hold-back 20 \
      --site-option fluo-dense.holdBack=15 --site-option mixed.holdBack=7 --site-option cytology.holdBack=5 \
      --site-option histology.invert=true --site-option cytology.invert=true --site-option cytology.shrink=4 \
      --seed "$seed" --out "$out/$seed"
  fi
done
"$("$here/consilium" jdk)/bin/java" "$here/tools/DiceTable.java" "$out"/[123]/report.json
