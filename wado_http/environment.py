"""Settings for processes that inherit nothing else: one line of ASCII in an environment variable."""

import os

from wado_core.settings import Settings, from_json

SETTINGS_VARIABLE = "WADO_SETTINGS"


def settings_from_environment() -> Settings:
    """Return the settings that whoever started this process has left in its environment; raises KeyError without any."""
    return from_json(os.environ[SETTINGS_VARIABLE])
