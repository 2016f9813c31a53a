"""Opens an HTML file in headless Chromium and says what is wrong with it, as JSON.

usage: look_at_page.py FILE [PICTURES]

Looks at the file 400 and 1400 pixels wide, in light and in dark, and on paper. Speaks the DevTools protocol over two
pipes, so it needs nothing but Python and Chromium. Reported for each view: requests other than for the file itself
and for `data:` addresses, console messages and errors, boxes wider than the window, text of too little contrast, and
what a screen reader would miss. With PICTURES, screenshots and a PDF are written into that folder.
"""

import base64
import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

VIEWS = [(width, scheme) for width in (400, 1400) for scheme in ("light", "dark")]

# What a page must have for those who do not see it, and what must fit.
EXAMINE = r"""
(() => {
  const faults = [];
  const all = (selector) => [...document.querySelectorAll(selector)];
  const where = (node) => node.outerHTML.slice(0, 120);
  const visible = (node) => node.getClientRects().length > 0;
  if (!document.documentElement.lang) faults.push("no language");
  if (all("h1").length !== 1) faults.push(`${all("h1").length} headings h1`);
  let level = 0;
  for (const heading of all("h1,h2,h3,h4,h5,h6")) {
    const own = Number(heading.tagName[1]);
    if (own > level + 1) faults.push(`h${own} after h${level}: ${heading.textContent}`);
    level = own;
  }
  for (const landmark of ["header", "nav", "main", "footer"])
    if (all(landmark).length !== 1) faults.push(`${all(landmark).length} of ${landmark}`);
  for (const svg of all("svg")) {
    if (svg.getAttribute("aria-hidden") === "true") continue;
    if (svg.getAttribute("role") !== "img") faults.push(`no role: ${where(svg)}`);
    for (const name of ["title", "desc"]) {
      const found = svg.querySelector(name);
      if (!found || !found.textContent.trim()) faults.push(`svg without ${name}: ${where(svg)}`);
    }
  }
  for (const image of all("img")) if (!image.alt) faults.push(`no alt: ${where(image)}`);
  for (const table of all("table")) {
    if (!table.caption) faults.push(`no caption: ${where(table)}`);
    for (const head of table.querySelectorAll("thead th, tbody th:first-child"))
      if (!head.scope) faults.push(`no scope: ${where(head)}`);
  }
  for (const chart of all("figure")) if (!chart.querySelector("figcaption")) faults.push(`no figcaption: ${where(chart)}`);
  const ids = all("[id]").map((node) => node.id);
  for (const id of ids) if (ids.indexOf(id) !== ids.lastIndexOf(id)) faults.push(`id twice: ${id}`);
  for (const node of all("[aria-labelledby],[aria-describedby]"))
    for (const name of ["aria-labelledby", "aria-describedby"])
      for (const id of (node.getAttribute(name) || "").split(" "))
        if (id && !document.getElementById(id)) faults.push(`${name} names nothing: ${id}`);
  for (const link of all("a[href^='#']"))
    if (!document.getElementById(link.getAttribute("href").slice(1))) faults.push(`dead link: ${where(link)}`);
  const programs = all("script,iframe,object,embed,link[rel=stylesheet],form,base").map(where);
  for (const node of all("*"))
    for (const attribute of node.attributes)
      if (/^on/i.test(attribute.name)) faults.push(`handler: ${where(node)}`);

  const scroller = document.scrollingElement;
  if (scroller.scrollWidth > innerWidth) faults.push(`page is ${scroller.scrollWidth} wide, window ${innerWidth}`);
  for (const node of all("body *")) {
    if (!visible(node) || node.closest(".scroll,.skip,svg")) continue;
    const box = node.getBoundingClientRect();
    if (box.right > innerWidth + 1 || box.left < -1) faults.push(`sticks out: ${where(node)}`);
  }

  const canvas = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
  const colour = (text) => {
    canvas.clearRect(0, 0, 1, 1);
    canvas.fillStyle = text;
    canvas.fillRect(0, 0, 1, 1);
    return [...canvas.getImageData(0, 0, 1, 1).data];
  };
  const luminance = (rgb) => {
    const [r, g, b] = rgb.slice(0, 3).map((v) => ((v /= 255) <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const ground = (node) => {
    for (let one = node; one; one = one.parentElement) {
      const found = colour(getComputedStyle(one).backgroundColor);
      if (found[3] === 255) return found;
    }
    return [255, 255, 255, 255];
  };
  let least = 21, texts = 0;
  for (const node of all("body *")) {
    const own = [...node.childNodes].some((child) => child.nodeType === 3 && child.textContent.trim());
    if (!own || !visible(node) || ["title", "desc"].includes(node.tagName)) continue;
    const style = getComputedStyle(node);
    const front = luminance(colour(node.closest("svg") ? style.fill : style.color));
    const back = luminance(ground(node));
    const contrast = (Math.max(front, back) + 0.05) / (Math.min(front, back) + 0.05);
    texts += 1;
    least = Math.min(least, contrast);
    if (contrast < 4.5) faults.push(`contrast ${contrast.toFixed(2)}: ${where(node)}`);
  }
  const small = Math.min(...all("svg.chart text").map((node) => {
    const svg = node.closest("svg");
    return (parseFloat(getComputedStyle(node).fontSize) * svg.getBoundingClientRect().width) / svg.viewBox.baseVal.width;
  }), 99);
  return { faults, programs, least, texts, smallest_chart_text: small, elements: all("*").length, height: scroller.scrollHeight };
})()
"""


class Browser:
    """Chromium behind two pipes: file descriptor 3 takes commands, 4 gives answers and events."""

    def __init__(self, program: str, profile: str) -> None:
        commands, self.to = os.pipe()
        self.back, answers = os.pipe()
        # A shell puts the pipes at the numbers that Chromium expects.
        script = f'exec "$@" 3<&{commands} 4>&{answers}'
        arguments = [program, "--headless=new", "--remote-debugging-pipe", "--no-sandbox", "--disable-gpu",
                     "--disable-dev-shm-usage", "--no-first-run", "--hide-scrollbars", "--disable-background-networking",
                     f"--user-data-dir={profile}", "about:blank"]
        self.process = subprocess.Popen(["bash", "-c", script, "bash", *arguments], pass_fds=(commands, answers),
                                        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        os.close(commands)
        os.close(answers)
        self.number, self.buffer, self.events = 0, b"", []

    def read(self) -> dict:
        while b"\0" not in self.buffer:
            piece = os.read(self.back, 1 << 16)
            if not piece:
                raise RuntimeError("Chromium has ended")
            self.buffer += piece
        message, self.buffer = self.buffer.split(b"\0", 1)
        return json.loads(message)

    def call(self, method: str, session: str | None = None, **parameters):
        self.number += 1
        message = {"id": self.number, "method": method, "params": parameters}
        if session:
            message["sessionId"] = session
        data = json.dumps(message).encode() + b"\0"
        while data:
            data = data[os.write(self.to, data):]
        while True:
            answer = self.read()
            if answer.get("id") == self.number:
                if "error" in answer:
                    raise RuntimeError(f"{method}: {answer['error']}")
                return answer["result"]
            self.events.append(answer)

    def wait(self, method: str) -> None:
        while not any(event.get("method") == method for event in self.events):
            self.events.append(self.read())

    def close(self) -> None:
        try:
            self.call("Browser.close")
        except (RuntimeError, OSError):
            pass
        self.process.wait(timeout=20)


def messages(events: list[dict], address: str) -> dict:
    """What was asked for and what was said while a page was loaded."""
    requests, said = [], []
    for event in events:
        method, parameters = event.get("method"), event.get("params", {})
        if method == "Network.requestWillBeSent":
            asked = parameters["request"]["url"]
            if asked.split("#")[0] != address and not asked.startswith("data:"):
                requests.append(asked)
        elif method == "Runtime.exceptionThrown":
            said.append(parameters["exceptionDetails"]["text"])
        elif method == "Runtime.consoleAPICalled":
            said.append(str(parameters["args"]))
        elif method == "Log.entryAdded":
            said.append(parameters["entry"]["text"])
    return {"requests": requests, "messages": said}


def look(browser: Browser, address: str, width: int, scheme: str, pictures: Path | None, name: str) -> dict:
    target = browser.call("Target.createTarget", url="about:blank")["targetId"]
    session = browser.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
    call = lambda method, **parameters: browser.call(method, session, **parameters)
    for domain in ("Page", "Network", "Runtime", "Log"):
        call(f"{domain}.enable")
    call("Emulation.setDeviceMetricsOverride", width=width, height=900, deviceScaleFactor=1, mobile=width < 600)
    call("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])
    browser.events.clear()
    call("Page.navigate", url=address)
    browser.wait("Page.loadEventFired")
    found = call("Runtime.evaluate", expression=EXAMINE, returnByValue=True)
    if "exceptionDetails" in found:
        raise RuntimeError(str(found["exceptionDetails"]))
    result = {"width": width, "scheme": scheme, **found["result"]["value"], **messages(browser.events, address)}
    if pictures:
        shot = call("Page.captureScreenshot", format="png", captureBeyondViewport=True,
                    clip={"x": 0, "y": 0, "width": width, "height": min(result["height"], 16000), "scale": 1})
        (pictures / f"{name}-{width}-{scheme}.png").write_bytes(base64.b64decode(shot["data"]))
        if (width, scheme) == VIEWS[-1]:
            paper = call("Page.printToPDF", preferCSSPageSize=True, printBackground=True, paperWidth=8.27, paperHeight=11.69)
            (pictures / f"{name}.pdf").write_bytes(base64.b64decode(paper["data"]))
    browser.call("Target.closeTarget", targetId=target)
    return result


def main() -> None:
    file = Path(sys.argv[1]).resolve()
    pictures = Path(sys.argv[2]) if len(sys.argv) > 2 else None
    program = next((path for path in map(shutil.which, ("chromium-headless-shell", "chromium", "google-chrome")) if path), None)
    if program is None:
        print("chromium is needed: apt-get install chromium-headless-shell", file=sys.stderr)
        sys.exit(3)
    with tempfile.TemporaryDirectory() as profile:
        browser = Browser(program, profile)
        try:
            views = [look(browser, file.as_uri(), width, scheme, pictures, file.stem) for width, scheme in VIEWS]
        finally:
            browser.close()
    print(json.dumps(views))


if __name__ == "__main__":
    main()
