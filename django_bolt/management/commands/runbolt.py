"""``manage.py runbolt``: serves the project's API."""

from __future__ import annotations

import os
import signal
import socket
import sys
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from importlib.metadata import PackageNotFoundError, version
from typing import Any

import django
from django.core.exceptions import ImproperlyConfigured
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import connections
from django.utils import autoreload

from django_bolt.server import reloader
from django_bolt.server.assembly import assemble, check_for_several_processes
from django_bolt.server.config import ServerConfig, ServerConfigError
from django_bolt.server.listeners import AddressUnavailableError, reserve
from django_bolt.server.supervisor import Patience, Supervisor
from django_bolt.server.worker import Workers
from django_bolt.settings import bolt_settings

#: Seconds beyond the time for requests in flight, in which a child has to leave.
_MARGIN = 5.0
#: Seconds that requests in flight get when code changes.
_DEV_SHUTDOWN_TIMEOUT = 3.0


class Command(BaseCommand):
    """Serve the project's API until CONTROL-C or SIGTERM."""

    help = "Serves the project's API: every route of its bolt_routes.py and api.py files."
    # Checked below, as runserver does it: anew at each reload, and with the number of issues.
    requires_system_checks: list[str] = []  # noqa: RUF012 - Django's declaration
    suppressed_base_arguments = {"--verbosity", "--traceback"}  # noqa: RUF012

    def add_arguments(self, parser: CommandParser) -> None:
        """Declare the options, whose defaults are those of ``ServerConfig``."""
        default = ServerConfig()
        parser.add_argument(
            "--host", default=default.host, help="Address to listen on (default: %(default)s)."
        )
        parser.add_argument(
            "--port",
            type=int,
            default=default.port,
            help="Port to listen on (default: %(default)s); 0 takes a free one.",
        )
        parser.add_argument(
            "--processes",
            type=int,
            default=default.processes,
            help="Processes that share the port (default: %(default)s). Dead ones are replaced.",
        )
        parser.add_argument(
            "--workers",
            type=int,
            default=default.workers,
            help="Serving threads in each process (default: %(default)s).",
        )
        parser.add_argument(
            "--dev", action="store_true", help="Start again whenever a file of the project changes."
        )
        parser.add_argument("--skip-checks", action="store_true", help="Skip system checks.")

    def handle(self, **options: Any) -> None:
        """Read the options, take the port, and serve."""
        config = _config(options)
        if options["dev"] and os.environ.get(autoreload.DJANGO_AUTORELOAD_ENV) != "true":
            autoreload.run_with_reloader(_never_called)
            return
        try:
            reserved = reserve(config.host, config.port)
        except AddressUnavailableError as error:
            raise CommandError(str(error)) from error
        with reserved:
            config = replace(config, port=reserved.getsockname()[1])
            self._serve(config, reserved, options)

    def _serve(
        self, config: ServerConfig, reserved: socket.socket, options: dict[str, Any]
    ) -> None:
        def prepare() -> Workers:
            return Workers(assemble(), reserved, config)

        def check() -> None:
            self._check(skip=options["skip_checks"])

        def announce() -> None:
            self._announce(config)

        if options["dev"]:
            reloader.run(check, prepare, on_ready=announce)
            return
        check()
        try:
            if config.processes == 1:
                prepare().run(on_ready=announce, signals=(signal.SIGTERM, signal.SIGINT))
            else:
                self._supervise(config, prepare, announce)
        except ImproperlyConfigured as error:
            raise CommandError(str(error)) from error

    def _check(self, *, skip: bool) -> None:
        """Run the system checks, and warn of migrations that have not been applied."""
        if not skip:
            self.stdout.write("Performing system checks...\n\n")
            self.check(display_num_errors=True)
        self.check_migrations()
        _close_connections()

    def _supervise(
        self, config: ServerConfig, prepare: Callable[[], Workers], announce: Callable[[], None]
    ) -> None:
        def main(ready: Callable[[], None]) -> None:
            prepare().run(on_ready=ready, signals=(signal.SIGTERM,))

        check_for_several_processes()
        code = Supervisor(
            config.processes,
            main,
            report=self.stderr.write,
            on_ready=announce,
            patience=Patience(stop=config.shutdown_timeout + _MARGIN),
        ).run()
        if code:
            sys.exit(code)

    def _announce(self, config: ServerConfig) -> None:
        now = datetime.now().astimezone().strftime("%B %d, %Y - %X")
        processes = _count(config.processes, "process", "processes")
        workers = _count(config.workers, "worker", "workers")
        self.stdout.write(
            f"{now}\n"
            f"{_own_version()}, Django {django.get_version()}, "
            f"settings {os.environ.get('DJANGO_SETTINGS_MODULE')!r}\n"
            f"Serving at {config.url} with {processes} of {workers}\n"
            "Quit with CONTROL-C."
        )
        self.stdout.flush()


def _config(options: dict[str, Any]) -> ServerConfig:
    names = ("host", "port", "processes", "workers")
    settings = bolt_settings()
    try:
        config = ServerConfig(
            **{name: options[name] for name in names},
            keep_alive=settings.keep_alive,
            request_timeout=settings.request_timeout,
            shutdown_timeout=settings.shutdown_timeout,
        )
    except ServerConfigError as error:
        raise CommandError(f"--{error}") from error
    if config.processes > 1 and not hasattr(os, "fork"):
        raise CommandError("--processes above 1 needs a system with fork; use --workers.")
    if not options["dev"]:
        return config
    if config.processes > 1 or config.workers > 1:
        raise CommandError("--dev serves with one process and one worker: leave out the others.")
    return replace(config, shutdown_timeout=_DEV_SHUTDOWN_TIMEOUT)


def _close_connections() -> None:
    """Leave nothing open that a fork would share: connections, or the threads of a pool."""
    for connection in connections.all(initialized_only=True):
        connection.close()
        if hasattr(connection, "close_pool"):
            connection.close_pool()


def _own_version() -> str:
    try:
        return f"django-bolt {version('django-bolt')}"
    except PackageNotFoundError:  # a source tree that was built in place and never installed
        return "django-bolt"


def _count(number: int, one: str, many: str) -> str:
    return f"{number} {one if number == 1 else many}"


def _never_called() -> None:
    """Stand in for the server in the process that only starts the one that serves."""
