"""What the tests of the dashboard stand on: a daemon for each class, one browser for all."""

import re
import sys
import unittest

from admin_daemon import Daemon, until
from browser import Browser


class Page(unittest.TestCase):
    """One daemon for a class; each test ends with a look at what the browser complained of."""

    program = None
    browser = None
    settings = {}
    expected_complaints = ()

    @classmethod
    def setUpClass(cls):
        cls.daemon = Daemon(cls.program, **cls.settings)
        cls.addClassCleanup(cls.daemon.__exit__)
        cls.daemon.start()

    def setUp(self):
        self.browser.screen(1200)
        self.browser.driver.get("about:blank")
        self.browser.console()
        self.browser.requests()

    def tearDown(self):
        bad = [each for each in self.browser.console()
               if not any(re.search(pattern, each) for pattern in self.expected_complaints)]
        self.assertEqual(bad, [], "the browser complained")
        elsewhere = [each["url"] for each in self.browser.requests()
                     if not each["url"].startswith((self.daemon.url + "/", "about:", "data:"))]
        self.assertEqual(elsewhere, [], "the page asked somebody else")

    def open(self, hash="#/"):
        self.browser.open(f"{self.daemon.url}/{hash}")

    def until_rows(self, count):
        return until(lambda: len(self.browser.rows()) == count and self.browser.rows(), f"{count} rows")

    def said(self):
        return self.browser.run("return [...document.querySelectorAll('main .said')].map((each) => each.textContent)")

    def until_said(self, text):
        until(lambda: any(text in each for each in self.said()), f"the page says '{text}'")

    def until_asked(self, title):
        until(lambda: self.browser.text("#confirm_title") == title, f"the page asks '{title}'")


class Dying(Page):
    """Deliveries die here, and what a test left must not be found by the next one."""

    def setUp(self):
        super().setUp()
        self.daemon.mend(False)
        self.addCleanup(self.discard_dead)

    def discard_dead(self):
        self.daemon.settle()
        self.daemon.ask("POST", "/api/dead/discard", {"Content-Type": "application/json"})


def run():
    """The tests of the program that is started; usage: TEST.py PROGRAM [CASE...]."""
    Page.program = sys.argv[1]
    Page.browser = Browser()
    try:
        unittest.main(argv=[sys.argv[0], *sys.argv[2:]], verbosity=2, exit=False).result.wasSuccessful() or sys.exit(1)
    finally:
        Page.browser.close()
