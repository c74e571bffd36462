"""Serves the application: one process, a pool of threads."""

from typing import Any

from gunicorn.app.base import BaseApplication

from ..core.config import ServiceSettings
from .app import Application, create_app


def serve(settings: ServiceSettings) -> None:
    """Listen on HOST and PORT until SIGTERM or SIGINT; requests under way are answered first."""
    _Server(settings).run()


class _Server(BaseApplication):
    def __init__(self, settings: ServiceSettings) -> None:
        self._settings = settings
        super().__init__()

    def load_config(self) -> None:
        self.cfg.set("bind", f"{self._settings.host}:{self._settings.port}")
        self.cfg.set("worker_class", "gthread")
        self.cfg.set("threads", 16)
        self.cfg.set("worker_exit", _stop)
        self.cfg.set("control_socket_disable", True)

    def load(self) -> Application:
        application = create_app()
        application.start()
        return application


def _stop(server: Any, worker: Any) -> None:
    worker.wsgi.stop()
