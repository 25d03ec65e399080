"""The stage of all tests: a time zone that is not UTC and has a half hour in it, and homes of their own."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

os.environ["TZ"] = "Asia/Kolkata"
time.tzset()

from etl.settings import Settings  # noqa: E402 - after the zone is set


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Settings of an empty home in which drops need no time to settle."""
    return Settings.model_validate({"home": tmp_path, "intake": {"settle_seconds": 0}})
