"""The course's pages: the lessons, and each with its question, hints, checks and answer."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Blueprint, Response, redirect, render_template, url_for

from sandbox.console.calls import answer, running, why
from sandbox.console.pages import commands, trouble
from sandbox.errors import SandboxError
from sandbox.lessons import lesson, lessons
from sandbox.scenario.library import find_named

if TYPE_CHECKING:
    from werkzeug.wrappers import Response as Answer


teaching = Blueprint("teaching", __name__, url_prefix="/learn")


@teaching.get("")
def learn() -> str:
    """Show the course."""
    return render_template("learn.html", lessons=lessons())


@teaching.get("/<name>")
def one(name: str) -> str | Response:
    """Show a lesson, and which of its checks are met."""
    try:
        told = lesson(name)
    except SandboxError as error:
        return trouble(why(error), 404)
    sandbox = running()
    every = lessons()
    at = [each.name for each in every].index(name)
    return render_template(
        "lesson.html",
        told=told,
        number=at + 1,
        following=every[at + 1] if at + 1 < len(every) else None,
        runs=sandbox.scenario.name == told.scenario,
        checks=list(zip(told.checks, told.met(sandbox.saw()), strict=True)),
        commands=commands(sandbox.mcp_url)[:2],
    )


@teaching.get("/<name>/checks")
def checks(name: str) -> Response:
    """Say of each check whether it is met (JSON)."""
    return answer(lesson(name).met(running().saw()))


@teaching.post("/<name>/begin")
def begin(name: str) -> Answer:
    """Run the lesson's scenario anew."""
    sandbox = running()
    sandbox.use(find_named(lesson(name).scenario))
    sandbox.reset()
    return redirect(url_for("teaching.one", name=name), 303)


@teaching.post("/<name>/connect")
def connect(name: str) -> Answer:
    """Let the sandbox's own client do what shows the failure, and come back to the lesson."""
    sandbox = running()
    sandbox.own_client.begin(sandbox, lesson(name).client)
    return redirect(url_for("teaching.one", name=name), 303)


@teaching.post("/<name>/fix")
def fix(name: str) -> Answer:
    """Apply the fix of the scenario that runs, and come back to the lesson."""
    running().fix()
    return redirect(url_for("teaching.one", name=lesson(name).name), 303)
