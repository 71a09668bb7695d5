"""One HTML page as the walker sees it: its title, text, links, frames and forms."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from html.parser import HTMLParser

from confer.errors import WalkFailed

_VOID = frozenset(
    {"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "wbr"}
)
_SILENT = frozenset({"script", "style", "template"})
_ATTRIBUTES = Mapping[str, str]


@dataclass(kw_only=True)
class Control:
    """One control of a form: name, type, value and whether the page has it chosen."""

    name: str
    type: str
    value: str
    chosen: bool = True


@dataclass(kw_only=True)
class Form:
    """A form with its controls in page order."""

    id: str
    action: str
    method: str
    controls: list[Control] = field(default_factory=list)

    def fields(self) -> list[tuple[str, str]]:
        """What a browser would send without anybody touching the form, buttons left out."""
        return [
            (one.name, one.value)
            for one in self.controls
            if one.name and one.chosen and one.type != "submit"
        ]

    def filled(self, answers: Mapping[str, str | list[str]]) -> list[tuple[str, str]]:
        """The fields with some answers replaced; an answer to an unknown name is an error."""
        names = {one.name for one in self.controls}
        if unknown := sorted(set(answers) - names):
            raise WalkFailed(
                step=f"form {self.id or self.action}", reason=f"no field {', '.join(unknown)}"
            )
        kept = [(name, value) for name, value in self.fields() if name not in answers]
        for name, answer in answers.items():
            kept.extend(
                (name, value) for value in ([answer] if isinstance(answer, str) else answer)
            )
        return kept

    def choices(self, name: str) -> list[str]:
        """The values that a group of radios, checkboxes or options offers."""
        return [one.value for one in self.controls if one.name == name]


@dataclass(kw_only=True)
class Link:
    """An anchor: where it leads and its words."""

    href: str
    text: str = ""
    id: str = ""


class Page(HTMLParser):
    """A parsed page. Controls outside a form that name one by `form=` belong to it."""

    def __init__(self, *, url: str, status: int, html: str) -> None:
        """Parse `html`, the answer to `url`."""
        super().__init__(convert_charrefs=True)
        self.url, self.status = url, status
        self.title = ""
        self.forms: list[Form] = []
        self.links: list[Link] = []
        self.frames: list[str] = []
        self.refresh: str | None = None
        self._words: list[str] = []
        self._heading: list[str] = []
        self._open: list[str] = []
        self._form: Form | None = None
        self._link: Link | None = None
        self._select: tuple[str, list[Control]] | None = None
        self._textarea: Control | None = None
        self.feed(html)
        self.close()

    @property
    def text(self) -> str:
        """The visible words, white space folded."""
        return " ".join(" ".join(self._words).split())

    def has_form(self, wanted: str) -> bool:
        """Whether the page has this form."""
        return any(self._is_form(form, wanted) for form in self.forms)

    def has_link(self, wanted: str) -> bool:
        """Whether the page has this link."""
        return any(True for _ in self._links_like(wanted))

    @property
    def heading(self) -> str:
        """The words of the first h1."""
        return " ".join(" ".join(self._heading).split())

    @staticmethod
    def _is_form(form: Form, wanted: str) -> bool:
        return form.id == wanted or form.action.split("?")[0].rstrip("/").endswith(wanted)

    def form(self, wanted: str) -> Form:
        """The form with this id, or whose action ends with it."""
        for form in self.forms:
            if self._is_form(form, wanted):
                return form
        offered = (
            ", ".join(form.id or form.action.rsplit("/", 1)[-1] for form in self.forms) or "none"
        )
        raise WalkFailed(
            step=f"form {wanted}", reason=f'the page "{self.title}" has the forms: {offered}'
        )

    def link(self, wanted: str) -> Link:
        """The first link with this id, or whose address or words hold `wanted`."""
        for link in self._links_like(wanted):
            return link
        raise WalkFailed(step=f"link {wanted}", reason=f'not on the page "{self.title}"')

    def _links_like(self, wanted: str) -> Iterator[Link]:
        yield from (link for link in self.links if link.id == wanted)
        yield from (link for link in self.links if wanted in link.href or wanted in link.text)

    # the parser's own callbacks
    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note what the tag opens."""
        given: dict[str, str] = {name: value if value is not None else "" for name, value in attrs}
        if tag not in _VOID:
            self._open.append(tag)
        opener = getattr(self, f"_open_{tag}", None)
        if opener is not None:
            opener(given)

    def handle_endtag(self, tag: str) -> None:
        """Close what the tag opened."""
        if tag in self._open:
            while self._open and self._open.pop() != tag:
                pass
        if tag == "form":
            self._form = None
        elif tag == "a":
            self._link = None
        elif tag == "textarea":
            self._textarea = None
        elif tag == "select":
            self._close_select()

    def handle_data(self, data: str) -> None:
        """Collect words and the contents of text areas."""
        if self._textarea is not None:
            self._textarea.value += data
        elif "title" in self._open and "svg" not in self._open:
            self.title += data
        elif not _SILENT.intersection(self._open):
            self._words.append(data)
            if "h1" in self._open:
                self._heading.append(data)
            if self._link is not None:
                self._link.text += data

    def _open_form(self, given: _ATTRIBUTES) -> None:
        self._form = Form(
            id=given.get("id", ""),
            action=given.get("action", ""),
            method=given.get("method", "get").lower(),
        )
        self.forms.append(self._form)

    def _open_a(self, given: _ATTRIBUTES) -> None:
        if "href" in given:
            self._link = Link(href=given["href"], id=given.get("id", ""))
            self.links.append(self._link)

    def _open_iframe(self, given: _ATTRIBUTES) -> None:
        if "src" in given:
            self.frames.append(given["src"])

    def _open_meta(self, given: _ATTRIBUTES) -> None:
        if given.get("http-equiv", "").lower() == "refresh":
            _, _, target = given.get("content", "").partition("url=")
            self.refresh = target or self.url

    def _open_input(self, given: _ATTRIBUTES) -> None:
        kind = given.get("type", "text").lower()
        chosen = "checked" in given if kind in {"radio", "checkbox"} else True
        default = "on" if kind in {"radio", "checkbox"} else ""
        self._add(
            given,
            Control(
                name=given.get("name", ""),
                type=kind,
                value=given.get("value", default),
                chosen=chosen,
            ),
        )

    def _open_button(self, given: _ATTRIBUTES) -> None:
        if given.get("type", "submit") == "submit":
            self._add(
                given,
                Control(name=given.get("name", ""), type="submit", value=given.get("value", "")),
            )

    def _open_textarea(self, given: _ATTRIBUTES) -> None:
        self._textarea = Control(name=given.get("name", ""), type="textarea", value="")
        self._add(given, self._textarea)

    def _open_select(self, given: _ATTRIBUTES) -> None:
        self._select = (given.get("name", ""), [])

    def _open_option(self, given: _ATTRIBUTES) -> None:
        if self._select is not None:
            name, options = self._select
            options.append(
                Control(
                    name=name,
                    type="option",
                    value=given.get("value", ""),
                    chosen="selected" in given,
                )
            )

    def _close_select(self) -> None:
        if self._select is None:
            return
        _, options = self._select
        if options and not any(option.chosen for option in options):
            options[0].chosen = True
        for option in options:
            self._add({}, option)
        self._select = None

    def _add(self, given: _ATTRIBUTES, control: Control) -> None:
        if "disabled" in given:
            return
        owner = self._form
        if "form" in given:
            owner = next((form for form in self.forms if form.id == given["form"]), owner)
        if owner is not None:
            owner.controls.append(control)
