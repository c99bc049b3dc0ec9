#!/bin/sh
# Stands for anvil-compiler in the tests of the host classes, which need no compiler's work: knows the
# kernels of $HOST_TEST_KERNELS, compiled from C, and refuses sources that say #error.
mode=$1
shift
while [ $# -gt 1 ]; do
  case $1 in
    --source) source=$2 ;;
    --name) label=$2 ;;
    --output) output=$2 ;;
    --reflection) reflection=$2 ;;
    --function) name=$2 ;;
    --constants) constants=$2 ;;
  esac
  shift 2
done
if [ "$mode" = library ]; then
  line=$(grep -n '#error' "$source" | cut -d: -f1)
  if [ -n "$line" ]; then
    echo "$label:$line:2: error: $(sed -n "${line}s/.*#error //p" "$source")" >&2
    exit 1
  fi
  echo '{"version":1,"functions":[{"name":"axpy"},{"name":"reverse"},{"name":"broken"}],"constants":[{"name":"tile","index":3,"type":"uint","required":true}]}' > "$output"
elif [ "$name" = broken ]; then
  echo "internal compiler error: broken" >&2
  exit 70
elif [ "$name$constants" = reverse ]; then
  echo "error: function constant 'tile' is used but has no value" >&2
  exit 1
else
  cp "$HOST_TEST_KERNELS/$name.so" "$output"
  cp "$HOST_TEST_KERNEL_REFLECTION/$name.json" "$reflection"
fi
