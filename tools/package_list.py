"""The packages that the tuner runs on, with versions and licences, as the page docs/reference/packages.md.

.venv/bin/python tools/package_list.py > docs/reference/packages.md
"""

import importlib.metadata
import sys
from importlib.metadata import PackageMetadata

from make_locks import needed, pins, runtime

HEAD = """\
# Packages and licences

What `requirements.lock` installs, with the licence that each package's own metadata names. Written by
`.venv/bin/python tools/package_list.py > docs/reference/packages.md`; `tuner` itself is under the
[MIT licence](https://opensource.org/license/mit).

`imageio-ffmpeg` is under the BSD licence and brings the program ffmpeg, built with parts under the GPL, which `tuner`
runs as a program of its own; the variable `IMAGEIO_FFMPEG_EXE` names another.

| package | version | licence |
|---|---|---|
"""
OSI = "OSI Approved"


def licence(metadata: PackageMetadata) -> str:
    """A licence as an SPDX expression where there is one, else as its classifier or its text names it."""
    told = metadata.get_all("License-Expression") or []
    classifiers = [one.split("::")[-1].strip() for one in metadata.get_all("Classifier") or [] if one[:7] == "License"]
    texts = [text.partition("\n")[0] for text in metadata.get_all("License") or []]
    return next((one for one in (*told, *classifiers, *texts) if one != OSI), "not named")


def main() -> None:
    """Prints the page."""
    every = pins()
    rows = []
    for name in sorted(needed(runtime(), every)):
        metadata = importlib.metadata.metadata(name)
        rows.append(f"| {metadata['Name']} | {every[name].specifier} | {licence(metadata)} |\n".replace("==", ""))
    sys.stdout.write(HEAD + "".join(rows))


if __name__ == "__main__":
    main()
