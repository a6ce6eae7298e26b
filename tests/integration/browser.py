"""Debian's Chromium without a window, and what the tests of the dashboard ask of it."""

import json
import os
import shutil
import tempfile

from selenium import webdriver
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

from admin_daemon import until

OPTIONS = [
    "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync", "--disable-extensions",
    "--disable-breakpad", "--no-proxy-server", "--force-prefers-reduced-motion", "--lang=en",
]


class Browser:
    def __init__(self):
        # A proxy of the machine's is none for loopback.
        os.environ["NO_PROXY"] = os.environ["no_proxy"] = "localhost,127.0.0.1"
        self.profile = tempfile.mkdtemp(prefix="outreachd-browser-", dir="/var/tmp")
        options = webdriver.ChromeOptions()
        options.binary_location = "/usr/bin/chromium"
        for each in [*OPTIONS, f"--user-data-dir={self.profile}"]:
            options.add_argument(each)
        options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
        service = webdriver.chrome.service.Service("/usr/bin/chromedriver")
        try:
            self.driver = webdriver.Chrome(service=service, options=options)
        except BaseException:
            shutil.rmtree(self.profile, ignore_errors=True)
            raise

    def close(self):
        self.driver.quit()
        shutil.rmtree(self.profile, ignore_errors=True)

    # --- What there is ---

    def run(self, script, *arguments):
        return self.driver.execute_script(script, *arguments)

    def all(self, selector):
        return self.driver.find_elements(By.CSS_SELECTOR, selector)

    def one(self, selector):
        """The first visible element, as soon as there is one."""
        return until(lambda: next((each for each in self.all(selector) if self.is_shown(each)), None), selector)

    def is_shown(self, element):
        try:
            return element.is_displayed()
        except Exception:  # it is gone again: the page is live
            return False

    def text(self, selector="main"):
        return self.run("return document.querySelector(arguments[0])?.textContent ?? ''", selector)

    def rows(self, selector="main table.list tbody tr"):
        """The texts of the cells of each visible row."""
        return self.run("return [...document.querySelectorAll(arguments[0])].filter((row) => row.checkVisibility())"
                        ".map((row) => [...row.children].map((cell) => cell.textContent))", selector)

    def console(self):
        """What the browser complained of since this was asked last: errors, and breaches of the policy."""
        return [each["message"] for each in self.driver.get_log("browser")]

    def requests(self):
        """The addresses asked for since this was asked last."""
        messages = [json.loads(each["message"])["message"] for each in self.driver.get_log("performance")]
        return [each["params"]["request"] for each in messages if each["method"] == "Network.requestWillBeSent"]

    # --- What is done ---

    def open(self, url):
        self.driver.get("about:blank")  # else only the part behind the `#` would change
        self.driver.get(url)

    def go(self, hash):
        self.run("location.hash = arguments[0]", hash)

    def button(self, text, within="main"):
        """The visible button that says so, or is called so."""
        def find():
            return next((each for each in self.all(f"{within} button") if self.is_shown(each)
                         and text in (each.text, each.get_attribute("aria-label"))), None)

        return until(find, f"a button '{text}'")

    def press(self, text, within="main"):
        # As a mouse would, but wherever the page has scrolled to.
        self.run("arguments[0].scrollIntoView({block: 'center'})", self.button(text, within))
        self.button(text, within).click()

    def confirm(self, text):
        self.press(text, "#confirm_dialog")

    def type(self, selector, text):
        field = self.one(selector)
        field.clear()
        field.send_keys(text)

    def choose(self, label, value):
        self.run("const select = [...document.querySelectorAll('label')].find((each) => each.textContent === arguments[0])"
                 ".control; select.value = arguments[1]; select.dispatchEvent(new Event('change'))", label, value)

    def field(self, label):
        return self.run("return [...document.querySelectorAll('label')]"
                        ".find((each) => each.textContent.trim() === arguments[0]).control", label)

    def keys(self, *keys):
        webdriver.ActionChains(self.driver).send_keys(*keys).perform()

    def focused(self):
        return self.run("const at = document.activeElement;"
                        "return at.tagName.toLowerCase() + ':' + (at.getAttribute('aria-label') ?? at.textContent).trim()")

    def screen(self, width, height=800, scheme="light"):
        self.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", {
            "width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 600})
        self.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {
            "features": [{"name": "prefers-color-scheme", "value": scheme}]})


__all__ = ["Browser", "Keys"]
