#!/bin/sh
# Stands for anvil-compiler in the tests of the service. Notes each start in $FAKE_COMPILER_LOG, copies
# what it is given into what it writes, and misbehaves when the source holds a word in capitals.
[ "$1" != serve ] || exit 64  # it does not stay
echo "$@" >> "$FAKE_COMPILER_LOG"
mode=$1
shift
while [ $# -gt 1 ]; do
  case $1 in
    --source) source=$2 ;;
    --library) source=$2 ;;
    --output) output=$2 ;;
    --reflection) reflection=$2 ;;
    --function) name=$2 ;;
    --constants) constants=$2 ;;
  esac
  shift 2
done
case $(cat "$source") in
  *SLOW*) sleep 0.2 ;;
esac
if [ "$mode" = library ]; then
  case $(cat "$source") in
    *SYNTAX*) echo "program_source:1:1: error: unknown type name 'SYNTAX'" >&2; exit 1 ;;
    *CRASH*) echo "stack dump follows" >&2; kill -SEGV $$ ;;
    *HANG*) echo "thinking"; sleep 60 ;;
    *ODD*) echo "assertion failed"; exit 70 ;;
    *MEMORY*) exit 71 ;;
    *JUNK*) echo "not json" > "$output"; exit 0 ;;
    *WARN*) echo "program_source:1:1: warning: shady" >&2 ;;
  esac
  {
    echo '{"version":1,"functions":[{"name":"axpy"},{"name":"gemv"}],"constants":[{"name":"tile","index":3,"type":"uint","required":true}]}'
    cat "$source"
  } > "$output"
else
  case $name in
    missing) echo "error: no function 'missing'" >&2; exit 1 ;;
  esac
  { echo "code of $name"; [ -z "$constants" ] || cat "$constants"; } > "$output"
  cat > "$reflection" <<END
{"name":"$name","barriers":true,"static_memory":512,"max_threads":1024,"arguments":[
 {"name":"x","kind":"buffer","index":0,"type":"float","pointer_size":8,"element_size":4,"alignment":4,
  "access":"read","address_space":"device","struct":null},
 {"name":"p","kind":"buffer","index":2,"type":"Params","pointer_size":8,"element_size":8,"alignment":4,
  "access":"read","address_space":"constant",
  "struct":{"name":"Params","size":8,"members":[{"name":"n","offset":0,"type":"uint"},{"name":"a","offset":4,"type":"float"}]}},
 {"name":"tmp","kind":"threadgroup","index":1,"type":"half","pointer_size":8,"element_size":2,"alignment":2,
  "access":"readwrite","address_space":"threadgroup","struct":null}],
 "constants":[{"name":"tile","index":3,"type":"uint"}]}
END
fi
