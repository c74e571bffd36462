"""How FastAPI serves with reload: uvicorn."""

from fastapi import FastAPI

from {{ cookiecutter.package_name }}.app import create_app


def application() -> FastAPI:
    """The application, with tracebacks in the browser."""
    app = create_app()
    app.debug = True
    return app


def command(host: str, port: str) -> list[str]:
    """The arguments of `python -m`."""
    reload = ["--factory", "tools.reloading:application", "--reload", "--reload-dir", "src"]
    return ["uvicorn", *reload, "--no-access-log", "--host", host, "--port", port]
