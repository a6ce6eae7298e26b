#!/usr/bin/python3 -B
"""The dashboard of the built program in a real browser: hostile content, the token, who uses no mouse.

usage: dashboard_access_test.py PROGRAM [CASE...]
"""

from admin_daemon import body, until
from browser import Keys
from dashboard_page import Page, run

BODY = "main section[aria-label=Body] pre"

# The visible texts whose colour is too near to that of their ground (WCAG 2.2, 1.4.3).
CONTRAST = """
const parts = (colour) => colour.match(/[0-9.]+/g).map(Number);
const light = ([r, g, b]) => [r, g, b].map((each) => each / 255)
  .map((each) => (each <= 0.04045 ? each / 12.92 : ((each + 0.055) / 1.055) ** 2.4))
  .reduce((sum, each, at) => sum + each * [0.2126, 0.7152, 0.0722][at], 0);
const ground = (of) => {
  for (let at = of; at; at = at.parentElement) {
    const colour = parts(getComputedStyle(at).backgroundColor);
    if (colour.length < 4 || colour[3] === 1) return colour;
  }
  return [255, 255, 255];
};
const poor = new Set();
const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
while (walker.nextNode()) {
  const of = walker.currentNode.parentElement;
  if (!walker.currentNode.textContent.trim() || !of.checkVisibility() || of.closest('.unseen, noscript')) continue;
  const style = getComputedStyle(of);
  const [above, below] = [light(parts(of.closest('svg') ? style.fill : style.color)), light(ground(of))].sort((a, b) => b - a);
  const ratio = (above + 0.05) / (below + 0.05);
  if (ratio < 4.5) poor.add(`${of.className.baseVal ?? of.className} ${of.textContent.slice(0, 30)}: ${ratio.toFixed(2)}`);
}
return [...poor];
"""


class HostileContent(Page):
    MARKUP = "<script>window.owned = 1</script><img src=x onerror='window.owned = 1'>"
    RIGHT_TO_LEFT = "שלום מרחבא"
    TURNED = "safe\u202egnp.exe"
    LONG = "x" * 65536

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.bodies = {
            "markup": body(f"task.{cls.MARKUP}", "task", cls.MARKUP, subject=cls.MARKUP),
            "long": body("task.long", "task", 1, subject=cls.LONG),
            "long names": body(f"task.{cls.LONG}", "task", cls.LONG),
            "right to left": body(f"task.{cls.RIGHT_TO_LEFT}", "task", cls.RIGHT_TO_LEFT, subject=cls.RIGHT_TO_LEFT),
            "turned": body(f"task.{cls.TURNED}", "task", "1", subject=cls.TURNED),
            "not JSON": b"\xff\xfe" + cls.MARKUP.encode(),
        }
        for each in cls.bodies.values():
            cls.daemon.send(each, headers={"Outreach-Org-Id": "<i>org</i>"})
        cls.daemon.settle()

    def tearDown(self):
        self.assertIsNone(self.browser.run("return window.owned ?? null"))
        self.assertEqual(self.browser.run("return document.querySelectorAll('main script, main img, main i').length"), 0)
        super().tearDown()

    def test_lists_show_it_as_text(self):
        for view, path in [("#/events", "/api/events"), ("#/dead", "/api/dead")]:
            self.open(view)
            shown = "".join(sum(self.until_rows(len(self.daemon.read(path))), []))
            self.assertIn("task.<script>window.owned = 1</script>", shown)
            self.assertIn(self.RIGHT_TO_LEFT, shown)
            self.assertIn("safe\\u{202e}gnp.exe", shown)
            self.assertNotIn("\u202e", shown)
            # The page itself doesn't scroll sideways.
            self.assertLessEqual(self.browser.run("return document.documentElement.scrollWidth"), 1200)

    def test_story_shows_markup_as_text(self):
        story = self.daemon.event(self.bodies["markup"])
        self.open(f"#/events/{story['id']}")
        until(lambda: self.MARKUP in self.browser.text(BODY), "the body")
        self.assertIn(self.MARKUP, self.browser.text("main h1") + self.browser.text())
        self.assertIn("<i>org</i>", self.browser.text())
        self.browser.press("Replay the event …")
        self.browser.confirm("Cancel")

    def test_long_text_is_cut_and_can_be_seen_whole(self):
        story = self.daemon.event(self.bodies["long"])
        self.open(f"#/events/{story['id']}")
        until(lambda: self.browser.text(BODY), "the body")
        self.assertLess(len(self.browser.text()), 20_000)
        self.browser.run("[...document.querySelectorAll('main pre ~ button')].at(-1).click()")
        self.assertIn(self.LONG, self.browser.text(BODY))
        self.assertLessEqual(self.browser.run("return document.documentElement.scrollWidth"), 1200)
        self.browser.press("Show less")
        self.assertLess(len(self.browser.text()), 20_000)

    def test_right_to_left_text_keeps_to_its_own_place(self):
        story = self.daemon.event(self.bodies["right to left"])
        self.open(f"#/events/{story['id']}")
        until(lambda: self.RIGHT_TO_LEFT in self.browser.text("main h1"), "the name")
        self.assertEqual(self.browser.run("return document.querySelector('main h1 .foreign').dir"), "auto")
        self.assertEqual(self.browser.run("return getComputedStyle(document.querySelector('main h1 .foreign')).unicodeBidi"), "isolate")

    def test_body_that_is_no_text_is_shown_in_base64(self):
        newest = self.daemon.read("/api/events?limit=1")[0]
        self.assertEqual(newest["name"], "unknown")
        self.open(f"#/events/{newest['id']}")
        until(lambda: "//48c2NyaXB0" in self.browser.text(BODY), "the base64")
        self.assertIn("it is not UTF-8", self.browser.text())


class Policy(Page):
    expected_complaints = [r"Content Security Policy", r"This document requires 'Trusted\w+' assignment"]

    def test_browser_itself_refuses_markup_scripts_and_other_hosts(self):
        self.open()
        until(lambda: self.browser.text("#state") == "Ready", "it is ready")
        refused = self.browser.run(
            "try { document.body.innerHTML = '<b>x</b>'; return 'taken'; } catch (error) { return error.name; }")
        self.assertEqual(refused, "TypeError")
        self.assertEqual(self.browser.run(
            "try { const made = document.createElement('div'); made.setAttribute('onclick', 'window.owned = 1');"
            "document.body.append(made); made.click(); } catch {} return window.owned ?? null"), None)
        self.assertEqual(self.browser.driver.execute_async_script(
            "const done = arguments[arguments.length - 1];"
            "fetch('http://127.0.0.1:9/').then(() => done('sent'), (error) => done(error.name))"), "TypeError")


class Access(Page):
    """Keyboard, screen reader, phone, dark."""

    VIEWS = ["#/", "#/events", "#/dead", "#/quarantine", "#/configuration"]

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.daemon.send(*(body("task.completed", number=each) for each in range(3)), body("user.created", "user", 1))
        cls.daemon.send(body("task.created", number=90), secret="wrong", status=401)
        cls.daemon.settle()
        cls.views = cls.VIEWS + [f"#/events/{cls.daemon.event(body('task.completed', number=1))['id']}", "#/quarantine/1"]

    def open_view(self, view):
        self.open(view)
        until(lambda: self.browser.run("return Boolean(document.querySelector('main table, main pre')?.checkVisibility())"), view)

    def test_every_view_fits_a_phone(self):
        self.browser.screen(360, 740)
        for view in self.views:
            self.open_view(view)
            self.assertLessEqual(self.browser.run("return document.documentElement.scrollWidth"), 360, view)

    def test_text_has_contrast_in_light_and_dark(self):
        for scheme in ["light", "dark"]:
            self.browser.screen(1200, 900, scheme)
            for view in self.views:
                self.open_view(view)
                poor = self.browser.run(CONTRAST)
                self.assertEqual(poor, [], f"{view}, {scheme}")

    def test_landmarks_headings_labels_and_headers_are_there(self):
        for view in self.views:
            self.open_view(view)
            self.assertEqual(self.browser.run("return document.querySelectorAll('h1').length"), 1, view)
            self.assertEqual(self.browser.run("return ['body > header', 'body > main', 'body > footer', 'nav[aria-label]']"
                                         ".filter((each) => !document.querySelector(each))"), [], view)
            self.assertEqual(self.browser.run(
                "return [...document.querySelectorAll('main input, main select')].filter((each) => each.labels.length === 0)"
                ".length"), 0, view)
            self.assertEqual(self.browser.run(
                "return [...document.querySelectorAll('th')].filter((each) => !each.scope).length"), 0, view)
            self.assertEqual(self.browser.run("return [...document.querySelectorAll('[id]')].map((each) => each.id)"
                                         ".filter((id, at, all) => all.indexOf(id) !== at)"), [], view)
            nameless = self.browser.run("return [...document.querySelectorAll('button, a')].filter((each) =>"
                                   "each.checkVisibility() && !(each.textContent.trim() || each.ariaLabel)).length")
            self.assertEqual(nameless, 0, view)

    def test_keyboard_alone_gets_everywhere(self):
        self.open()
        until(lambda: self.browser.text("#state") == "Ready", "it is ready")
        self.browser.keys(Keys.TAB)
        self.assertEqual(self.browser.focused(), "a:Skip to the content")
        self.browser.keys(Keys.ENTER, Keys.TAB)
        self.assertEqual(self.browser.driver.current_url, f"{self.daemon.url}/#/")
        self.assertTrue(self.browser.run("return document.querySelector('main').contains(document.activeElement)"))
        self.browser.run("document.querySelector('nav a[href=\"#/dead\"]').focus()")
        self.assertNotEqual(self.browser.run("return getComputedStyle(document.activeElement).outlineStyle"), "none")
        self.browser.keys(Keys.ENTER)
        until(lambda: self.browser.focused() == "h1:Dead deliveries", "focus is on the view's heading")
        self.assertEqual(self.browser.run("return document.querySelector('nav [aria-current=page]').getAttribute('href')"), "#/dead")
        self.until_rows(3)
        self.browser.run("document.querySelector('main tbody button').focus()")
        self.browser.keys(Keys.ENTER)
        self.assertEqual(self.browser.focused(), "button:Cancel")
        self.browser.keys(Keys.ESCAPE)
        self.assertTrue(self.browser.focused().startswith("button:Replay task.completed to crm"))
        self.assertEqual(len(self.daemon.read("/api/dead")), 3)

    def test_focus_stays_in_a_search_that_is_typed(self):
        self.open("#/events")
        self.until_rows(4)
        self.browser.field("Name").send_keys("task.completed", Keys.ENTER)
        self.until_rows(3)
        self.assertEqual(self.browser.focused(), "p:3 events.")
        self.assertEqual(self.browser.run("return document.activeElement.getAttribute('role')"), "status")


class Token(Page):
    TOKEN = "a tokén of the tests"
    settings = {"token": TOKEN}
    expected_complaints = [r"Failed to load resource.*401 \(Unauthorized\)"]

    def give(self, token):
        self.browser.type("#token", token)
        self.browser.keys(Keys.ENTER)

    def test_token_is_asked_for_refused_taken_kept_and_forgotten(self):
        self.daemon.send(body("task.completed", number=1))
        self.open("#/events")
        self.browser.one("#token_dialog")
        self.assertEqual(self.browser.rows(), [])
        self.give("not this one")
        until(lambda: "refused this token" in self.browser.text("#token_problem"), "it says that it was refused")
        self.give(self.TOKEN)
        self.until_rows(1)
        until(lambda: self.browser.text("#state") == "Ready", "it is ready")
        self.assertEqual(self.browser.run("return Object.values(sessionStorage)"), [self.TOKEN])
        self.assertEqual(self.browser.run("return localStorage.length + document.cookie.length"), 0)
        self.assertEqual(self.browser.run("return document.getElementById('token').value"), "")
        for each in self.browser.requests():
            self.assertNotIn("tok", each["url"].replace("token.js", ""))
        # The same tab has it after a reload, a new tab hasn't.
        self.browser.driver.refresh()
        self.until_rows(1)
        self.assertEqual([each for each in self.browser.all("dialog") if self.browser.is_shown(each)], [])
        self.browser.press("Forget the token", "footer")
        self.browser.one("#token_dialog")
        self.assertEqual(self.browser.rows(), [], "what it let the page see is gone, too")
        self.assertEqual(self.browser.run("return sessionStorage.length"), 0)
        self.browser.press("Cancel", "#token_dialog")
        until(lambda: self.browser.text("#state") == "Token needed", "it says what is missing")
        self.browser.press("Enter the token", "#notice")
        self.give(self.TOKEN)
        until(lambda: self.browser.text("#state") == "Ready", "it is ready again")

    def test_page_itself_needs_none_and_holds_nothing(self):
        for path in ["/", "/dashboard.css", "/dashboard/dashboard.js"]:
            self.assertEqual(self.daemon.ask("GET", path, {"Authorization": ""})[0], 200)
        for path in ["/api/status", "/api/events", "/metrics"]:
            self.assertEqual(self.daemon.ask("GET", path, {"Authorization": ""})[0], 401)


class Outage(Page):
    expected_complaints = [r"net::ERR_(CONNECTION_REFUSED|CONNECTION_RESET|EMPTY_RESPONSE|SOCKET_NOT_CONNECTED)"]

    def test_daemon_that_is_gone_is_said_and_its_return_seen(self):
        self.daemon.send(body("task.completed", number=1))
        self.open("#/events")
        self.until_rows(1)
        self.daemon.stop()
        until(lambda: self.browser.text("#state") == "No answer", "it is said")
        self.assertIn("does not answer", self.browser.text("#notice"))
        self.assertEqual(len(self.browser.rows()), 1, "what was there is still shown")
        self.daemon.start()
        self.browser.press("Ask now", "#notice")
        until(lambda: self.browser.text("#state") == "Ready", "it is back")
        self.assertTrue(self.browser.run("return document.getElementById('notice').hidden"))


if __name__ == "__main__":
    run()
