"""A headless browser, driven over its debugging pipe: without a port, a driver or a download."""

import fcntl
import json
import os
import subprocess
from base64 import b64decode
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from select import select
from time import monotonic, sleep
from typing import Any

_FLAGS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--hide-scrollbars",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
    "--disable-extensions", "--disable-default-apps", "--metrics-recording-only",
    "--remote-debugging-pipe",
)  # fmt: skip
_PATIENCE = 60.0  # seconds: the browser is slow on a busy machine


class PageGone(Exception):
    """The page that was asked is gone, because the tab opens another one."""


class Pipe:
    """The debugging pipe of a browser. Its tabs take turns."""

    def __init__(self, to_browser: int, from_browser: int) -> None:
        self._out = to_browser
        self._in = from_browser
        self._rest = b""
        self._number = 0
        self.events: defaultdict[str, list[dict[str, Any]]] = defaultdict(list)  # by session

    def call(self, method: str, session: str | None = None, **params: object) -> Any:
        """Call a method of the Chrome DevTools Protocol; return its result.

        Raises:
            PageGone: The browser cannot answer for the page that was asked.
        """
        self._number += 1
        message: dict[str, object] = {"id": self._number, "method": method, "params": params}
        if session:
            message["sessionId"] = session
        rest = json.dumps(message).encode() + b"\0"
        while rest:
            rest = rest[os.write(self._out, rest) :]
        number, end = self._number, monotonic() + _PATIENCE
        while (answer := self.receive(end)).get("id") != number:
            pass
        if "error" in answer:
            raise PageGone(f"{method}: {answer['error']}")
        return answer["result"]

    def receive(self, end: float) -> dict[str, Any]:
        """Return the next message. Keep it if it is an event."""
        while b"\0" not in self._rest:
            ready, _, _ = select([self._in], [], [], max(0.0, end - monotonic()))
            assert ready, "the browser does not answer"
            more = os.read(self._in, 1 << 20)
            assert more, "the browser is gone"
            self._rest += more
        one, _, self._rest = self._rest.partition(b"\0")
        message: dict[str, Any] = json.loads(one)
        if "method" in message:
            self.events[message.get("sessionId", "")].append(message)
        return message


class Browser:
    """One tab."""

    def __init__(self, pipe: Pipe, **target: str) -> None:
        self._pipe = pipe
        opened = pipe.call("Target.createTarget", url="about:blank", **target)["targetId"]
        attached = pipe.call("Target.attachToTarget", targetId=opened, flatten=True)
        self._session: str = attached["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.call(f"{domain}.enable")
        # A tab in the background shows what has the focus, as the one in front does.
        self.call("Emulation.setFocusEmulationEnabled", enabled=True)

    def stranger(self) -> "Browser":
        """Open a tab that shares no cookie with this one."""
        context = self._pipe.call("Target.createBrowserContext")["browserContextId"]
        return Browser(self._pipe, browserContextId=context)

    def call(self, method: str, **params: object) -> Any:
        """Call a method of the Chrome DevTools Protocol for this tab; return its result.

        Raises:
            PageGone: The browser cannot answer for the page that was asked.
        """
        return self._pipe.call(method, self._session, **params)

    @property
    def events(self) -> list[dict[str, Any]]:
        """Return what the browser has said about this tab since the page was opened."""
        return self._pipe.events[self._session]

    def show(self, url: str, width: int, height: int, *, dark: bool = False) -> None:
        """Open a page at a size and wait until it has loaded."""
        self.events.clear()
        self.resize(width, height)
        self.media(dark=dark)
        self.call("Page.navigate", url=url)
        end = monotonic() + _PATIENCE
        while not any(e.get("method") == "Page.loadEventFired" for e in self.events):
            self._pipe.receive(end)

    def resize(self, width: int, height: int) -> None:
        """Give the tab a size; a narrow one is that of a phone."""
        self.call(
            "Emulation.setDeviceMetricsOverride",
            width=width, height=height, deviceScaleFactor=1, mobile=width < 500,
        )  # fmt: skip

    def media(self, *, dark: bool = False, printed: bool = False) -> None:
        """Show pages in light or dark colours, on a screen or on paper."""
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        medium = "print" if printed else "screen"
        self.call("Emulation.setEmulatedMedia", media=medium, features=[scheme])

    def evaluate(self, expression: str) -> Any:
        """Return the value of an expression in the page.

        Raises:
            PageGone: The tab opens another page.
        """
        result = self.call("Runtime.evaluate", expression=expression, returnByValue=True)
        assert "exceptionDetails" not in result, result
        return result["result"].get("value")

    def until(self, expression: str) -> Any:
        """Wait until an expression is true in a page that has loaded; return its value."""
        end = monotonic() + _PATIENCE
        while True:
            try:
                if value := self.evaluate(f"document.readyState == 'complete' && ({expression})"):
                    return value
            except PageGone:
                pass  # the next page may answer
            assert monotonic() < end, f"not true: {expression}\n{self.text()}"
            sleep(0.02)

    @contextmanager
    def another_page(self) -> Iterator[None]:
        """Do something that opens another page; wait until that page has loaded."""
        here = self.evaluate("performance.timeOrigin")
        yield
        self.until(f"performance.timeOrigin != {here}")

    def press(self, selector: str) -> None:
        """Press a button or link with the pointer as soon as the page has it."""
        found = f"document.querySelector({json.dumps(selector)})"
        self.until(f"!!{found}")
        self.evaluate(f"{found}.click()")

    def text(self) -> str:
        """Return the text of the page."""
        return str(self.evaluate("document.body.innerText"))

    def picture(self, *, whole: bool = False) -> bytes:
        """Return a screenshot as PNG."""
        return b64decode(
            self.call("Page.captureScreenshot", format="png", captureBeyondViewport=whole)["data"]
        )

    @property
    def requested(self) -> list[str]:
        """Return every address that was requested since the page was opened."""
        return [
            event["params"]["request"]["url"]
            for event in self.events
            if event.get("method") == "Network.requestWillBeSent"
        ]

    @property
    def complaints(self) -> list[str]:
        """Return the messages of the console."""
        said = [
            event["params"]["entry"]["text"]
            for event in self.events
            if event.get("method") == "Log.entryAdded"
        ]
        said += [str(e["params"]) for e in self.events if e.get("method") in _CONSOLE]
        return said


_CONSOLE = ("Runtime.consoleAPICalled", "Runtime.exceptionThrown")


@contextmanager
def browser(program: Path, profile: Path) -> Iterator[Browser]:
    """Start the browser with an empty profile; stop it."""
    read_there, write_here = os.pipe()
    read_here, write_there = os.pipe()

    def pipes() -> None:  # the browser reads commands from 3 and answers to 4
        # First to high numbers: a pipe whose number is 3 already would not be inherited.
        commands, answers = (fcntl.fcntl(fd, fcntl.F_DUPFD, 10) for fd in (read_there, write_there))
        os.dup2(commands, 3)
        os.dup2(answers, 4)

    process = subprocess.Popen(
        [str(program), *_FLAGS, f"--user-data-dir={profile}", "about:blank"],
        close_fds=False,
        preexec_fn=pipes,  # noqa: PLW1509  # nothing else can number the pipes
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    os.close(read_there)
    os.close(write_there)
    try:
        pipe = Pipe(write_here, read_here)
        yield Browser(pipe)
        pipe.call("Browser.close")
    finally:
        os.close(write_here)
        os.close(read_here)
        try:
            process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
