"""No test is told anything by the settings of the person who runs it; what they start inherits this."""

import os
from collections.abc import Iterator

import pytest

from wado_core.settings import described
from wado_http.cli.configuration import FILE_VARIABLE, variable


@pytest.fixture(autouse=True, scope="session")
def _no_settings_of_the_person(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CONFIG_HOME", os.fspath(tmp_path_factory.mktemp("no-configuration")))
        for name in (FILE_VARIABLE, *map(variable, described())):
            patch.delenv(name, raising=False)
        yield
