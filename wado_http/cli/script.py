"""The installed script: says what is missing where only the library was installed (``pip install wado``)."""

import sys
from importlib.util import find_spec


def main() -> int:
    """Run ``wado``, or say which extra it needs."""
    for module in ("click", "jinja2", "rich", "sqlalchemy", "starlette", "uvicorn"):
        if find_spec(module) is None:
            sys.stderr.write(f"wado: the command line needs {module}; install it with: pip install 'wado[server]'\n")
            return 1
    try:
        from wado_http.cli.main import main as run

        return run()
    except KeyboardInterrupt:  # pressed before the commands are loaded, or while all is being closed
        return 130
