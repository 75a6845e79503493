"""After the warming up no picture meets the first call of a kernel, which takes milliseconds, nor imports a module."""

import subprocess
import sys

# In a process of its own: here other tests have called everything before. numba asks for the type of an argument that it has not met.
SCRIPT = """
import sys
from numba.core.dispatcher import _DispatcherBase

from tests.fixtures import build
from tests.fixtures.registry import FIXTURES
from wado_core import assemble
from wado_core.dicom.frames import FrameReader
from wado_core.dicom.instance import describe
from wado_core.dicom.source import BytesSource
from wado_core.errors import WadoError
from wado_core.model.grayscale import VoiLutFunction, Window
from wado_core.model.render import MediaType, RenderRequest
from wado_core.rendering.cost import is_light
from wado_core.rendering.execute import execute
from wado_core.rendering.plan import make_plan
from wado_core.settings import Limits

assemble.warm_up()
met, light = [], 0
typeof = _DispatcherBase.typeof_pyval

def asked(self, value):
    met.append(f"{self.py_func.__name__}: {typeof(self, value)}")
    return typeof(self, value)

_DispatcherBase.typeof_pyval = asked
imported = {name for name in sys.modules if name.startswith("wado_")}
requests = [RenderRequest(), RenderRequest(rows=7, columns=9), RenderRequest(rows=90), RenderRequest(window=Window(9, 90)),
            RenderRequest(window=Window(9, 90, VoiLutFunction.SIGMOID)), RenderRequest(media_type=MediaType.PNG)]
for name in FIXTURES:
    try:
        data = build(name)
        instance = describe(BytesSource(data), "", Limits()).instance
        for request in requests:
            plan = make_plan(instance, request, Limits())
            if is_light(plan):
                light += 1
                for held in (data, bytearray(data)):
                    execute(plan, FrameReader(BytesSource(held), instance, Limits()))
    except WadoError:
        continue
print(light, met, {name for name in sys.modules if name.startswith("wado_")} - imported)
"""


def test_nothing_is_met_for_the_first_time() -> None:
    said = subprocess.run([sys.executable, "-c", SCRIPT], check=True, capture_output=True, text=True, timeout=120).stdout
    light, _, found = said.strip().rpartition("\n")[2].partition(" ")
    assert int(light) > 50
    assert found == "[] set()"
