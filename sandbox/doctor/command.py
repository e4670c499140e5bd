"""`sandbox doctor`: what the command line asks for, done and printed."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
from pathlib import Path
from typing import Final, NamedTuple

import click

from sandbox.doctor import Habits, examine, register, sign_in
from sandbox.doctor.junit import junit
from sandbox.doctor.limits import Limits
from sandbox.doctor.report import BROKEN, SOUND, Report, as_json
from sandbox.doctor.telling import told
from sandbox.scenario.errors import ScenarioError

SECRET: Final = "SANDBOX_DOCTOR_CLIENT_SECRET"  # noqa: S105 - the name of a variable
"""The variable that holds the client's secret, as an argument would be seen by everybody on the machine."""

_WIDEST: Final = 110


class Options(NamedTuple):
    """What the command line says."""

    url: str
    register: bool
    sign_in: bool
    client_id: str | None
    call: str | None
    callback_port: int
    allow_host: tuple[str, ...]
    as_json: bool
    junit: Path | None
    save: Path | None
    timeout: float


def run(options: Options) -> int:
    """Examine, print, write the files, and give the exit code. Raise SandboxError when it could not look."""
    report = asyncio.run(_examined(options))
    if options.junit is not None:
        options.junit.write_bytes(junit(report))
    if options.as_json:
        click.echo(json.dumps(as_json(report), ensure_ascii=False))
    else:
        width = min(shutil.get_terminal_size().columns, _WIDEST)
        click.echo("\n".join(told(report, width)))
    if options.save is not None:
        _save(report, options.save)
    return SOUND if report.is_sound else BROKEN


def _save(report: Report, file: Path) -> None:
    from sandbox.doctor.saving import saved

    try:
        said = asyncio.run(saved(report, file))
    except ScenarioError as error:
        said = f"Not saved, as the language of scenarios cannot say it: {error}"
    click.echo(said, err=True)


async def _examined(options: Options) -> Report:
    habits = Habits(
        client_id=options.client_id,
        client_secret=os.environ.get(SECRET) or None,
        callback_port=options.callback_port,
        tool=options.call,
        tell=lambda line: click.echo(line, err=True),
    )
    limits = Limits(request_seconds=options.timeout)
    if options.sign_in or options.call:
        return await sign_in(options.url, habits, allowed=options.allow_host, limits=limits)
    if options.register:
        return await register(options.url, habits, allowed=options.allow_host, limits=limits)
    return await examine(options.url, habits, allowed=options.allow_host, limits=limits)
