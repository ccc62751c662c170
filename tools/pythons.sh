#!/bin/sh
# Prints the path of each other Python that munshi supports and this machine has, one a line.
# Usage: tools/pythons.sh PYTHON   (the one that is used anyway, left out here)
# Looks on the PATH, then where pyenv keeps its versions: pyenv's own names on the PATH may answer
# only for the version that is chosen at the moment.
set -eu

own=$("$1" -c 'import sys; print("%d.%d" % sys.version_info[:2])')

works() {
  [ "$("$1" -c 'import ensurepip, sys; print("%d.%d" % sys.version_info[:2])' 2>/dev/null)" = "$2" ]
}

for version in 3.11 3.12 3.13; do
  [ "$version" = "$own" ] && continue
  root=${PYENV_ROOT:-$(pyenv root 2>/dev/null || echo "$HOME/.pyenv")}
  for python in "$(command -v "python$version" || :)" "$root"/versions/"$version"*/bin/"python$version"; do
    if [ -n "$python" ] && works "$python" "$version"; then
      echo "$python"
      break
    fi
  done
done
