"""A dashboard without a network, over the toy study with a video, a page and a picture among its artifacts."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import optuna
from optuna.artifacts import FileSystemArtifactStore, upload_artifact
from optuna_dashboard import wsgi

from tuner.dashboard.access import Access
from tuner.dashboard.server import make_application
from tuner.study.storage import artifact_folder, open_to_read, open_to_write, parse_url

FILES = {
    "video.mp4": bytes(range(256)) * 4,
    "page.html": b"<script>alert(1)</script>",
    "drawing.svg": b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>",
    "table.csv": b"a,b\n1,2\n",
    'odd "name"\n.html': b"x",
}


@dataclass(frozen=True, kw_only=True)
class Shown:
    """The parts that tests ask."""

    make: Callable[..., Any]  # keywords of `Access` → a WSGI application
    routes: list[tuple[str, str]]  # of optuna-dashboard: method and rule
    artifacts: dict[str, str]  # file name → path
    folder: Path
    study: int


def show(tmp_path: Path) -> Shown:
    """The dashboard of the database in the current folder, with artifacts more."""
    url = parse_url("sqlite:///studies/tuner.db")
    folder = artifact_folder(url)
    folder.mkdir(exist_ok=True)
    storage = open_to_write(url)
    study = optuna.load_study(study_name="toy", storage=storage)
    store = FileSystemArtifactStore(str(folder))
    paths = {}
    for name, content in FILES.items():
        (tmp_path / "upload").mkdir(exist_ok=True)
        file = tmp_path / "upload" / name
        file.write_bytes(content)
        artifact = upload_artifact(artifact_store=store, file_path=str(file), study_or_trial=study, storage=storage)
        paths[name] = f"/artifacts/{study._study_id}/{artifact}"

    def make(**access: Any) -> Any:
        opened = open_to_write(url) if access.get("writable") else open_to_read(url)
        return make_application(opened, folder, Access(**access))

    routes = [(route.method, route.rule) for route in wsgi(open_to_read(url)).routes]
    return Shown(make=make, routes=routes, artifacts=paths, folder=folder, study=study._study_id)
