#!/bin/sh
# Prints the first Python 3.11 to 3.13 on the PATH that really runs and can make a virtual environment.
# A name on the PATH proves nothing: version managers leave shims there that only print an error.
for name in python3.13 python3.12 python3.11 python3 python; do
    old_ifs=$IFS
    IFS=:
    for folder in $PATH; do
        if [ -x "$folder/$name" ] && "$folder/$name" -c '
import ensurepip, sys, venv
sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' >/dev/null 2>&1; then
            echo "$folder/$name"
            exit 0
        fi
    done
    IFS=$old_ifs
done
echo "No Python 3.11, 3.12 or 3.13 with venv found on the PATH. Install one (on Debian also python3-venv)," >&2
echo "or name one: make PYTHON=/path/to/python3.12 ..." >&2
exit 1
