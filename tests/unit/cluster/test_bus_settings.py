"""[bus]: Unix sockets unless a settings file says otherwise, and what it may say."""

from __future__ import annotations

from pathlib import Path

import pytest

from actors.common.settings import Bus, Settings
from actors.common.settings_file import SettingsError, load_settings


def settings(tmp_path: Path, text: str) -> Settings:
    path = tmp_path / "settings.toml"
    path.write_text(text)
    return load_settings(path)


def test_the_default_is_one_host(tmp_path: Path) -> None:
    assert settings(tmp_path, "").bus == Bus("unix", "", "unix")
    text = '[bus]\ntransport = "tls"\naddress = "fd00::5"\nwithin_host = "tls"\n'
    assert settings(tmp_path, text).bus == Bus("tls", "fd00::5", "tls")


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("transport", "tcp"),
        ("within_host", ""),
        ("address", "0.0.0.0"),
        ("address", "::"),
        ("address", "host"),
        ("address", "10.0.0.5:1"),
    ],
)
def test_what_it_may_not_say_names_key_and_line(tmp_path: Path, key: str, value: str) -> None:
    with pytest.raises(SettingsError, match=rf"settings\.toml, line 2: bus\.{key}"):
        settings(tmp_path, f'[bus]\n{key} = "{value}"\n')
