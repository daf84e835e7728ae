#!/bin/sh
# embed.sh NAME FILE ... - the files, one after the other, as an array of C that ends in a NUL. No file: an empty text.
set -eu
name=$1
shift
printf 'const unsigned char %s[] = {\n' "$name"
[ $# -eq 0 ] || cat "$@" | od -An -v -tx1 | sed 's/ \(..\)/0x\1,/g'
echo '0};'
