"""With CHATGEE_TEST_EVERYTHING a test that could not be run is a failure."""

import os

import pytest


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Of several processes the one that reports decides: it alone has heard of all skips."""
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if os.environ.get("CHATGEE_TEST_EVERYTHING") and reporter and reporter.stats.get("skipped"):
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
