#!/bin/bash
# The architecture as a test: a folder includes only itself and the folders above it, each header compiles alone, every
# source is in the project's own words about itself, and the shared library exports tenfold_ names only.
# Usage: layout.sh LIBTENFOLD.so
set -u
cd "$(dirname "$0")/.."
library=$1
order=(base augment loader model eval train)
bad=0
complain() { echo "layout: $*"; bad=1; }

allowed=
for folder in "${order[@]}"; do
    allowed="$allowed $folder"
    [ -d "$folder" ] || { complain "no folder $folder"; continue; }
    while IFS=: read -r file line include; do
        from=${include#*\"}; from=${from%%/*}
        case " $allowed " in
        *" $from "*) ;;
        *) complain "$file:$line includes \"${include#*\"}; $folder may include only:$allowed" ;;
        esac
    done < <(grep -nE '^[[:space:]]*#[[:space:]]*include[[:space:]]*"' "$folder"/*.[ch] /dev/null)
done

flags=$(pkg-config --cflags libjpeg libpng zlib yaml-0.1 jansson libcrypto libssl libxxhash openblas libmicrohttpd)
for header in */*.h; do
    # Included twice: alone, and guarded.
    printf '#include "%s"\n#include "%s"\n' "$header" "$header" |
        ${CC:-gcc} -std=c11 -D_GNU_SOURCE -Wall -Wextra -Werror -fsyntax-only -I. $flags -x c - ||
        complain "$header does not compile alone"
done

exported=$(nm -D --defined-only "$library" | awk '{print $3}' | grep -v '^tenfold_')
[ -z "$exported" ] || complain "the shared library exports: $exported"
[ -n "$(nm -D --defined-only "$library" | grep ' tenfold_open')" ] || complain "tenfold_open is not exported"

[ "$bad" -eq 0 ] && echo "100%: layout"
exit "$bad"
