"""A person without a mouse: Tab, arrows, Space, Enter; every stop must show its focus."""

from dataclasses import dataclass, field

from playwright.sync_api import Frame, Page

_STOPS = 220
# the element with the focus, how it is drawn, and whether it can be seen in its window
_FOCUS = """() => {
  const one = document.activeElement;
  if (!document.hasFocus() || !one || one.matches('body, iframe')) return null;
  const style = getComputedStyle(one), box = one.getBoundingClientRect();
  const x = Math.min(Math.max(box.left + box.width / 2, 0), innerWidth - 1);
  const y = Math.min(Math.max(box.top + Math.min(box.height / 2, 20), 0), innerHeight - 1);
  const top = document.elementFromPoint(x, y);
  return {
    what: `${one.tagName.toLowerCase()} ${one.id || one.name || one.textContent.trim()}`,
    drawn: style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 2,
    seen: box.bottom > 0 && box.top < innerHeight && !!top
      && (one.contains(top) || top.contains(one) || !!top.closest('label')?.contains(one)),
  };
}"""


@dataclass
class Keyboard:
    """Keys of one page; `lost` lists the stops where the focus could not be seen."""

    page: Page
    lost: list[str] = field(default_factory=list)

    def tab_to(self, place: Page | Frame, selector: str) -> None:
        """Press Tab until the first element of `selector` has the focus."""
        for _ in range(_STOPS):
            self._press("Tab")
            if place.evaluate("wanted => !!document.activeElement?.matches(wanted)", selector):
                return
        raise AssertionError(f"{selector} is out of the keyboard's reach")

    def press(self, place: Page | Frame, selector: str, key: str = "Enter") -> None:
        """Go to a link, a button or a box and press it."""
        self.tab_to(place, selector)
        self.page.keyboard.press(key)

    def write(self, place: Page | Frame, selector: str, text: str) -> None:
        """Go to a field and type."""
        self.tab_to(place, selector)
        self.page.keyboard.insert_text(text)

    def choose(self, place: Page | Frame, name: str, value: str) -> None:
        """Go to a group of radios and move to a choice with the arrows."""
        self.tab_to(place, f"input[type=radio][name={name}]")
        self.page.keyboard.press("Space")
        for _ in range(20):
            if place.evaluate("document.activeElement.value") == value:
                return
            self._press("ArrowDown")
        raise AssertionError(f"no choice {value} in {name}")

    def _press(self, key: str) -> None:
        self.page.keyboard.press(key)
        for frame in self.page.frames:
            stop = frame.evaluate(_FOCUS)
            if stop and not (stop["drawn"] and stop["seen"]):
                trouble = "not drawn" if not stop["drawn"] else "out of sight"
                self.lost.append(f"{frame.url.split('?')[0][-30:]} {stop['what']}: {trouble}")
