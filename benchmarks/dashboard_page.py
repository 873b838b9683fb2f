"""Asks the dashboard for the data of a study's page twice, as a browser does, and prints megabytes and both seconds."""

import json
import sys
import time
from typing import Any
from wsgiref.util import setup_testing_defaults

from tuner.app.study_stories import stories
from tuner.dashboard.access import Access
from tuner.dashboard.server import make_application
from tuner.study.page_storage import open_for_pages
from tuner.study.storage import artifact_folder, parse_url


def main(address: str) -> None:
    """Asks a dashboard of this process."""
    url = parse_url(address)
    pages = open_for_pages(url)
    with stories(url, named=True) as teller:
        application = make_application(pages, artifact_folder(url), Access(), story=teller(pages))
        seconds, size = [], 0
        for _ in range(2):
            asked: dict[str, Any] = {"PATH_INFO": "/api/studies/1", "QUERY_STRING": "after=0", "HTTP_HOST": "localhost"}
            setup_testing_defaults(asked)
            begun = time.perf_counter()
            size = len(b"".join(application(asked, lambda *_: None)))
            seconds.append(time.perf_counter() - begun)
    print(json.dumps({"megabytes": size / 1e6, "first": seconds[0], "again": seconds[1]}))


if __name__ == "__main__":
    main(sys.argv[1])
