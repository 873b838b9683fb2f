from tests.conftest import make_job


def test_it() -> None:
    assert make_job().number == 0
