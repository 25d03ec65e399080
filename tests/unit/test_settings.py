"""Settings: the file, the local file over it, the environment over both; what is wrong is named."""

from __future__ import annotations

from pathlib import Path

import pytest

from etl import settings
from etl.errors import SettingsError


def test_local_file_wins_key_by_key(tmp_path: Path) -> None:
    """cloud-discovery.local.toml overrides single keys and leaves the others."""
    (tmp_path / "cloud-discovery.toml").write_text('[organisation]\nname = "A"\nuser_domains = ["a.example"]\n')
    assert settings.write_local(tmp_path, '[organisation]\nname = "B"\n') is not None
    found = settings.load(home=tmp_path).organisation
    assert (found.name, found.user_domains) == ("B", ("a.example",))
    assert settings.write_local(tmp_path, "") is None


def test_environment_wins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A secret or a URL of a deployment comes from the environment."""
    monkeypatch.setenv("CLOUD_DISCOVERY_WAREHOUSE_URL", "postgresql://u@h/d")
    monkeypatch.setenv("CLOUD_DISCOVERY_SMTP_PASSWORD", "s3cret")
    found = settings.load(home=tmp_path)
    assert found.warehouse_url == "postgresql://u@h/d" and found.mail.password == "s3cret"
    assert "s3cret" not in repr(found)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[intake]\nsettle = 1\n", "intake.settle: found an unknown key"),
        ('[sources.x]\ntimezone = "Mars"\n', "sources.x.timezone: found 'Mars'"),
        ("[broken\n", "found invalid TOML"),
        ("[retention]\nevents_days = 0\n", "retention.events_days: found 0"),
    ],
)
def test_what_is_wrong_is_named(tmp_path: Path, text: str, message: str) -> None:
    """A wrong key or value stops with the key, what was found and what was expected."""
    (tmp_path / "cloud-discovery.toml").write_text(text)
    with pytest.raises(SettingsError, match=message.replace("[", r"\[")):
        settings.load(home=tmp_path)
