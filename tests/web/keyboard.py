"""A person who has a keyboard alone, and finds the way by what a screen reader says."""

from dataclasses import dataclass
from typing import Final

from typing_extensions import override

from tests.web.browser import Browser

#: Key -> its name in the page, its number in Windows, and the text that it types.
_KEYS: Final = {
    "Tab": ("Tab", 9, ""),
    "Enter": ("Enter", 13, "\r"),
    "Space": (" ", 32, " "),
    "Home": ("Home", 36, ""),
    "Down": ("ArrowDown", 40, ""),
}
#: What a screen reader calls an element into which text is typed.
_LINES: Final = ("textbox", "combobox", "searchbox")
#: The name of the first element of every page.
_FIRST: Final = "Skip to content"
#: More presses than a page has places for the focus.
_FAR: Final = 800


@dataclass(frozen=True, slots=True)
class Focused:
    """What a screen reader says of the element that has the focus."""

    role: str
    name: str
    value: str

    @override
    def __str__(self) -> str:
        return f"{self.role} “{self.name}”"


@dataclass(frozen=True, slots=True)
class Keyboard:
    """The keys of one tab of the browser."""

    tab: Browser

    def press(self, key: str) -> None:
        """Press a key and let it go."""
        name, number, text = _KEYS[key]
        known = {"key": name, "code": key if text == " " else name, "windowsVirtualKeyCode": number}
        down = {"type": "keyDown", "text": text} if text else {"type": "rawKeyDown"}
        self.tab.call("Input.dispatchKeyEvent", **known, **down)
        self.tab.call("Input.dispatchKeyEvent", **known, type="keyUp")

    def type(self, text: str) -> None:
        """Type a text, key by key."""
        for letter in text:
            self.tab.call("Input.dispatchKeyEvent", type="keyDown", key=letter, text=letter)
            self.tab.call("Input.dispatchKeyEvent", type="keyUp", key=letter)

    def to(self, name: str, *roles: str) -> Focused:
        """Press Tab until the focus is on an element whose name begins as given.

        Fails with the elements on the way when the focus has been everywhere.

        Args:
            name: How the name of the element begins.
            roles: What the element may be; empty: anything.
        """
        passed: list[str] = []
        while len(passed) < _FAR:
            self.press("Tab")
            found = self.focused()
            if found.name.startswith(name) and (not roles or found.role in roles):
                return found
            passed.append(str(found))
            if found.name == _FIRST and passed.count(str(found)) > 1:
                break
        raise AssertionError(f"no {'/'.join(roles)} “{name}”; on the way: {', '.join(passed)}")

    def follow(self, name: str, *roles: str) -> None:
        """Go to a link or button, press Enter, and wait for the page that it opens."""
        self.to(name, *(roles or ("link", "button")))
        with self.tab.another_page():
            self.press("Enter")

    def fill(self, name: str, text: str) -> None:
        """Go to a field and type into it."""
        self.to(name, *_LINES)
        self.type(text)

    def tick(self, name: str) -> None:
        """Go to a box and press Space."""
        self.to(name, "checkbox")
        self.press("Space")

    def pick(self, first: str, choice: str) -> None:
        """Go to the first of some choices and press the arrow until the focus is on a choice."""
        seen = [self.to(first, "radio").name]
        self.press("Space")
        while seen[-1] != choice:
            self.press("Down")
            seen.append(self.focused().name)
            assert seen[-1] != first, f"no choice “{choice}” after “{first}”: {seen}"

    def choose(self, name: str, choice: str) -> None:
        """Go to a list of choices and press the arrow until a choice is chosen."""
        self.to(name, "combobox")
        self.press("Home")
        seen = [self.focused().value]
        while seen[-1] != choice:
            self.press("Down")
            seen.append(self.focused().value)
            assert seen[-1] != seen[-2], f"no choice “{choice}” of “{name}”: {seen}"

    def focused(self) -> Focused:
        """Return what a screen reader says of the element that has the focus."""
        found = self.tab.call("Runtime.evaluate", expression="document.activeElement")["result"]
        node = self.tab.call(
            "Accessibility.getPartialAXTree", objectId=found["objectId"], fetchRelatives=False
        )["nodes"][0]
        role, name, value = (
            str(node.get(part, {}).get("value", "")) for part in ("role", "name", "value")
        )
        return Focused(role, " ".join(name.split()), value)
