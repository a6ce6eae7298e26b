#!/usr/bin/python3 -B
"""The dashboard of the built program in a real browser: the webhooks at Outreach, and the backfill.

usage: dashboard_outreach_test.py PROGRAM [CASE...]
"""

import json

from admin_daemon import until
from dashboard_access_test import CONTRAST
from dashboard_page import Page, run
from outreach_sandbox import WEBHOOK_SECRET, WEBHOOK_URL, Sandbox

WEBHOOKS = "section[aria-labelledby=webhooks_title]"
BACKFILL = "section[aria-labelledby=backfill_title]"
JSON = {"Content-Type": "application/json"}


class WithOutreach(Page):
    """A daemon and the Outreach that it asks."""

    backfill = "{resources: [prospect]}"

    @classmethod
    def setUpClass(cls):
        cls.outreach = Sandbox(cls.program)
        cls.addClassCleanup(cls.outreach.stop)
        cls.outreach.start()
        cls.prepare()
        cls.settings = {"more": cls.outreach.settings("account.created", "task.completed", "mailing.*")
                        + f"backfill: {cls.backfill}\n"}
        super().setUpClass()

    def rows(self, card, count):
        selector = f"{card} tbody tr"
        return until(lambda: len(self.browser.rows(selector)) == count and self.browser.rows(selector),
                     f"{count} rows in {card}")

    def fact(self, term):
        return self.browser.run("return [...document.querySelectorAll(arguments[0] + ' dt')]"
                                ".find((each) => each.textContent === arguments[1])?.nextSibling.textContent ?? null",
                                BACKFILL, term)

    def begin_backfill(self, query):
        status, _, text = self.daemon.ask("POST", f"/api/backfill?{query}", JSON, "{}")
        self.assertEqual(status, 200, text)


class Watched(WithOutreach):
    """One webhook of each kind."""

    @classmethod
    def prepare(cls):
        cls.suspended = cls.outreach.suspend_webhook("account", "created")
        cls.sending = cls.outreach.make_webhook("task", "completed")
        cls.unwanted = cls.outreach.make_webhook("prospect", "updated")
        cls.outreach.make_webhook("user", "updated", "https://other.invalid/webhooks/outreach")

    def test_webhooks_are_shown_with_their_state_and_what_to_do(self):
        self.open()
        suspended, missing, sending, unwanted = self.rows(WEBHOOKS, 4)
        self.assertEqual(suspended[:2] + suspended[3:], ["account", "created", str(self.suspended),
                                                         "outreachd webhooks apply makes it active again."])
        self.assertRegex(suspended[2], r"^suspended since 20\S+ [0-9:]+ because: The host of the URL can't be resolved\.$")
        self.assertEqual(missing, ["mailing", "*", "missing configured, but not there", "",
                                   "outreachd webhooks apply makes it."])
        self.assertEqual(sending, ["task", "completed", "active", str(self.sending), ""])
        self.assertEqual(unwanted[:4], ["prospect", "updated", "active", str(self.unwanted)])
        self.assertIn("outreachd webhooks plan", unwanted[4])
        self.assertRegex(self.browser.text(f"{WEBHOOKS} .summary"), r"^2 of 4 webhooks send; last look 20\S+ [0-9:]+\.$")
        self.assertIn("Webhooks off1", self.browser.text("main .tiles"))
        self.assertEqual(self.browser.text("#state"), "Ready, with problems")
        status, _, reasons = self.daemon.ask("GET", "/readyz")
        self.assertEqual(status, 200, "no reason to take the host out of service")
        self.assertIn(f"webhook {self.suspended} (account.created) is suspended since 20", reasons)
        self.assertIn("somebody else made it", reasons)
        self.assertIn("Outreach has no webhook for mailing.*", reasons)
        metrics = self.daemon.ask("GET", "/metrics")[2]
        self.assertIn("\noutreachd_webhooks_disabled 1\n", metrics)
        self.assertIn(f"\noutreachd_troubles {len(reasons.splitlines()) - 1}\n", metrics, "each but `ok, but`")
        told = json.dumps(self.daemon.read("/api/status"))
        tokens = [each["attributes"]["cleanupToken"] for each in self.outreach.ask("GET", "/api/v2/webhooks")["data"]]
        self.assertEqual(len(tokens), 4)
        for secret in [WEBHOOK_SECRET, WEBHOOK_URL, *tokens]:
            # The reasons name webhooks by their ids and events.
            self.assertNotIn(secret, told)

    def test_backfill_is_shown_while_it_runs_and_when_it_has_ended(self):
        self.open()
        self.rows(WEBHOOKS, 4)
        since = until(lambda: self.daemon.read("/api/status")["backfill"]["gap_since"], "the suspended webhook leaves a gap")
        until(lambda: self.fact("State") == "idle", "none runs")
        until(lambda: f"outreachd backfill --since {since}" in (self.fact("Gap") or ""), "what to do about it")
        self.assertEqual(self.fact("After a gap"), "runs when it is asked for")
        self.assertIn("none since the daemon's start", self.fact("Last run"))
        self.assertEqual(self.browser.rows(f"{BACKFILL} tbody tr"), [])
        self.outreach.make("accounts", "account", name="just now")
        self.begin_backfill("since=1h&resources=account&dry_run=true")
        until(lambda: self.fact("State") == "running, waits: what has just changed may be on its way here", "it runs")
        name, listed, _, _, result = self.rows(BACKFILL, 1)[0]
        self.assertEqual((name, result), ("account", "not yet"))
        self.assertGreater(int(listed), 1)
        # It lets half a minute go by, in which an event of that may come.
        until(lambda: self.fact("State") == "idle", "it has ended", patience=90)
        self.assertEqual(self.fact("Result"), "complete")
        self.assertRegex(self.fact("Counts"), rf"^{listed} records changed, \d+ missing, nothing stored: a dry run$")
        self.assertRegex(self.fact("Last run"), r"^20\S+ [0-9:]+ to 20\S+ [0-9:]+$")
        self.assertEqual(self.rows(BACKFILL, 1)[0], ["account", listed, listed, "", "compared"])

    def test_cards_can_be_read_by_everybody(self):
        for width, scheme in [(360, "light"), (360, "dark"), (1200, "light"), (1200, "dark")]:
            self.browser.screen(width, 800, scheme)
            self.open()
            self.rows(WEBHOOKS, 4)
            self.assertLessEqual(self.browser.run("return document.documentElement.scrollWidth"), width)
            self.assertEqual(self.browser.run(CONTRAST), [], f"{width}, {scheme}")
        self.assertEqual(self.browser.run("return [...document.querySelectorAll('th')].filter((each) => !each.scope).length"), 0)
        self.assertEqual(self.browser.run("return document.querySelectorAll('main caption').length"),
                         self.browser.run("return document.querySelectorAll('main table').length"))


class Hostile(WithOutreach):
    """An Outreach whose texts are markup."""

    MARKUP = "<script>window.owned = 1</script><img src=x onerror='window.owned = 1'>"

    @classmethod
    def prepare(cls):
        webhook = {"type": "webhook", "id": 1, "attributes": {
            "url": WEBHOOK_URL, "resource": cls.MARKUP, "action": "x" * 100, "active": True,
            "disabledReason": cls.MARKUP + "\u202e" + "x" * 100_000, "disabledSince": cls.MARKUP}}
        cls.outreach.fault(do="answer", method="GET", path="/api/v2/webhooks", times=1000, status=200,
                           body=json.dumps({"data": [webhook]}))
        cls.outreach.fault(do="answer", method="GET", path="/api/v2/tasks", times=1000, status=403,
                           body=json.dumps({"errors": [{"id": "forbidden", "title": "Forbidden", "detail": cls.MARKUP}]}))

    def test_it_is_shown_as_text(self):
        self.open()
        hostile = self.rows(WEBHOOKS, 4)[-1]
        self.assertEqual(hostile[3], "1")
        self.assertEqual(hostile[0], f"{self.MARKUP[:30]} … Show all {len(self.MARKUP)} characters")
        self.assertEqual(hostile[1], "x" * 30 + " … Show all 100 characters")
        self.assertIn("because: " + self.MARKUP, hostile[2])
        self.assertNotIn("\u202e", hostile[2])
        self.assertLess(len(hostile[2]), 1000)
        self.begin_backfill("since=1h&resources=task")
        until(lambda: self.MARKUP in self.browser.text(BACKFILL), "why it failed")
        until(lambda: self.fact("Result") == "not complete: 0 of 1 resource compared", "it isn't complete")
        self.assertIsNone(self.browser.run("return window.owned ?? null"))
        self.assertEqual(self.browser.run("return document.querySelectorAll('main script, main img').length"), 0)
        self.assertLessEqual(self.browser.run("return document.documentElement.scrollWidth"), 1200)


class OutreachInTrouble(WithOutreach):
    backfill = "{on_start: auto}"

    @classmethod
    def prepare(cls):
        cls.outreach.fault(do="answer", method="GET", path="/api/v2/webhooks", times=1000, status=403)

    def test_it_is_said_that_nobody_knows_how_the_webhooks_are(self):
        self.open()
        until(lambda: "Nobody has looked yet" in self.browser.text(WEBHOOKS), "there is nothing yet")
        until(lambda: "Nothing newer is known" in self.browser.text(WEBHOOKS), "and why")
        self.assertIn("403", self.browser.text(f"{WEBHOOKS} .bad"))
        self.assertEqual((self.fact("Gap"), self.fact("After a gap")), ("none is known", "runs by itself"))
        self.assertEqual(self.browser.rows(), self.browser.rows("section[aria-labelledby=handlers_title] tbody tr"))


class WithoutOutreach(Page):
    def test_nothing_of_outreach_is_shown(self):
        self.open()
        until(lambda: self.browser.text("#state") == "Ready", "it is ready")
        for card in (WEBHOOKS, BACKFILL):
            self.assertFalse(self.browser.run("return document.querySelector(arguments[0]).checkVisibility()", card))


if __name__ == "__main__":
    run()
