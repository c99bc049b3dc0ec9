#!/bin/sh
# Stands for anvil-compiler: knows the kernels of $RECORDED_REFLECTIONS. Their code is what it was asked.
mode=$1
shift
while [ $# -gt 1 ]; do
  case $1 in
    --output) output=$2 ;;
    --reflection) reflection=$2 ;;
    --function) name=$2 ;;
    --form) form=$2 ;;
  esac
  shift 2
done
if [ "$mode" = library ]; then
  echo '{"version":1,"functions":[{"name":"axpy"},{"name":"reverse"}],"constants":[{"name":"tile","index":3,"type":"uint","required":true}]}' > "$output"
else
  printf '%s of %s' "$form" "$name" > "$output"
  cp "$RECORDED_REFLECTIONS/$name.json" "$reflection"
fi
