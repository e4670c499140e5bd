"""The forms of a page: read as a person would see them, and filled in as a person would."""

from __future__ import annotations

from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Final, Literal

from sandbox.browser.errors import BrowserError

Decision = Literal["approve", "deny"]

_ASKED: Final = frozenset({"user_id", "organization_id", "decision", "user_code"})
_CHOICES: Final = frozenset({"radio", "option", "submit"})
_MUTE: Final = frozenset({"script", "style", "title"})
_INLINE: Final = frozenset({"a", "b", "bdi", "bdo", "code", "em", "i", "label", "small", "span", "strong"})


@dataclass(slots=True, eq=False)
class Control:
    """Something in a form that can send a value."""

    kind: str
    name: str
    value: str
    on: bool
    words: list[str] = field(default_factory=list)

    @property
    def label(self) -> str:
        """What a person reads on it."""
        return " ".join(" ".join(self.words).split()) or self.value


@dataclass(slots=True)
class Form:
    """A form: where it is sent, how, and what can be filled in."""

    action: str
    method: str
    controls: list[Control] = field(default_factory=list)

    def choices(self, name: str) -> list[Control]:
        """Give the controls of a name among which a person picks one."""
        return [control for control in self.controls if control.name == name and control.kind in _CHOICES]

    @property
    def known(self) -> bool:
        """Whether the form asks for something that is known here."""
        return any(control.name in _ASKED for control in self.controls)


class Page(HTMLParser):
    """The forms and the words of a page, as they are fed to it; `kind` is what the sandbox calls its own pages."""

    def __init__(self) -> None:
        super().__init__()
        self.forms: list[Form] = []
        self.kind = ""
        self._words: list[str] = []
        self._main: list[str] | None = None
        self._in_main = False
        self._mute = False
        self._form: Form | None = None
        self._select: str | None = None
        self._option: Control | None = None
        self._label: list[str] | None = None

    @property
    def lines(self) -> list[str]:
        """What a person reads: the main part if the page has one, a line for each block."""
        words = self._words if self._main is None else self._main
        return [line for line in (" ".join(line.split()) for line in "".join(words).split("\n")) if line]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Begin what the tag begins."""
        given = {name: value or "" for name, value in reversed(attrs)}  # of two equal attributes the first counts
        self._break(tag)
        self._mute = self._mute or tag in _MUTE
        if tag == "main":
            self._in_main = True
            self._main = self._main or []
        elif tag == "meta" and given.get("name") == "sandbox-page":
            self.kind = given.get("content", "")
        elif tag == "label":
            self._label = []
        elif tag == "form" and self._form is None:
            self._form = Form(given.get("action", ""), given.get("method", "get").lower())
            self.forms.append(self._form)
        elif self._form is not None and "disabled" not in given:
            self._control(self._form, tag, given)

    def _control(self, form: Form, tag: str, given: dict[str, str]) -> None:
        name, value, kind = given.get("name", ""), given.get("value", ""), given.get("type", "").lower()
        if tag == "select":
            self._select = name
        elif tag == "option" and self._select is not None:
            self._option = Control("option", self._select, value, "selected" in given)
            form.controls.append(self._option)
        elif tag == "button" and kind in {"", "submit"}:
            self._option = Control("submit", name, value, on=False)
            form.controls.append(self._option)
        elif tag == "input" and kind not in {"button", "reset", "image", "file"}:
            toggled = kind in {"radio", "checkbox"}
            on = "checked" in given if toggled else kind != "submit"
            sent = value or ("on" if toggled else "")
            words = self._label if self._label is not None and toggled else []
            form.controls.append(Control(kind or "text", name, sent, on, words))

    def handle_endtag(self, tag: str) -> None:
        """End what the tag ends."""
        self._break(tag)
        if tag in _MUTE:
            self._mute = False
        elif tag == "main":
            self._in_main = False
        elif tag == "label":
            self._label = None
        elif tag in {"button", "option"}:
            self._option = None
        elif tag == "select":
            self._select = self._option = None
        elif tag == "form":
            self._form = self._select = self._option = None

    def handle_data(self, data: str) -> None:
        """Keep the words that a person would see."""
        if self._mute:
            return
        self._add(data)
        if self._option is not None:
            self._option.words.append(data)
        if self._label is not None:
            self._label.append(data)

    def _break(self, tag: str) -> None:
        if tag not in _INLINE:
            self._add("\n")

    def _add(self, text: str) -> None:
        self._words.append(text)
        if self._in_main and self._main is not None:
            self._main.append(text)


def filled(form: Form, user_code: str | None, user: str | None, decision: Decision) -> list[tuple[str, str]]:
    """Fill in a form as a person would, and press the button that says what the person wants."""
    chosen = [_person(people, user)] if (people := form.choices("user_id")) else []
    chosen += form.choices("organization_id")[:1]
    if decisions := form.choices("decision"):
        chosen.append(_decided(decisions, decision))
    chosen_names = {control.name for control in chosen}
    selects = {control.name for control in form.controls if control.kind == "option" and control.on}
    fields = []
    for control in form.controls:
        if control.kind == "option" and control.name not in selects:  # a select without a choice sends its first option
            selects.add(control.name)
            control.on = True
        if control.name in chosen_names and control.kind in _CHOICES:
            control.on = control in chosen
        if control.on and control.name:
            fields.append((control.name, _coded(control, user_code)))
    return fields


def _coded(control: Control, user_code: str | None) -> str:
    """Give what a control sends: the code of the device where one is asked for (RFC 8628, section 3.3)."""
    if control.name != "user_code" or control.value:
        return control.value
    if user_code is None:
        raise BrowserError("the page asks for a device's code: open verification_uri_complete, which carries it")
    return user_code


def _person(people: list[Control], user: str | None) -> Control:
    if user is None:
        return people[0]
    for person in people:
        if user.casefold() in person.label.casefold().split():
            return person
    offered = [next((word for word in person.label.split() if "@" in word), person.label) for person in people]
    raise BrowserError(f"{user} is not among the users offered: {', '.join(offered)}")


def _decided(decisions: list[Control], decision: Decision) -> Control:
    for control in decisions:
        if control.value == decision:
            return control
    raise BrowserError(f"the page offers no {decision!r}, only: {', '.join(control.value for control in decisions)}")
