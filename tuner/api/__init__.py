"""The Python API: the use cases as calls. Silent, but for progress that is drawn in a notebook."""

import logging

logging.getLogger("tuner").addHandler(logging.NullHandler())  # else Python prints unhandled log records
