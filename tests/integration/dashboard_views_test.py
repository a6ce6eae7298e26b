#!/usr/bin/python3 -B
"""The dashboard of the built program in a real browser: each view, and what can be changed there.

usage: dashboard_views_test.py PROGRAM [CASE...]
"""

import json
import re

from admin_daemon import SECRET, body, until
from browser import Keys
from dashboard_page import Dying, Page, run


class Watched(Page):
    """A daemon that has got events: one delivered to each handler, one to none, and sixty more."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.daemon.send(*(body("mailing.opened", "mailing", each) for each in range(60)))
        cls.daemon.send(body("task.completed", number=7, subject="call back"), body("prospect.updated", "prospect", 8),
                        body("user.created", "user", 9), headers={"Outreach-Org-Id": "org-1", "Outreach-Webhook-Event-Id": "webhook-event-1"})
        cls.daemon.settle()


class Overview(Watched):
    def test_overview_shows_status_handlers_and_charts(self):
        self.open()
        until(lambda: self.browser.text("#state") == "Ready", "it is ready")
        handlers = {row[0]: row[1:] for row in self.until_rows(3)}
        self.assertEqual(handlers["archive"][:5], ["0", "0", "0", "0", ""])
        self.assertEqual(handlers["archive"][5], "61")
        self.assertEqual(handlers["crm"][3], "1")
        self.assertIn("ended with exit status 3", handlers["crm"][7])
        self.assertEqual(handlers["later"][2], "1")
        self.assertRegex(handlers["later"][4], r"^\d")
        tiles = self.browser.text("main .tiles")
        self.assertIn("Unaccounted0as promised", tiles)
        self.assertIn("Dead1to look at", tiles)
        self.assertIn("Unrouted1", tiles)
        # Events that come while it is watched.
        self.daemon.send(*(body("mailing.opened", "mailing", each) for each in range(1000, 1040)))
        until(lambda: re.search(r"taken[0-9.]*[1-9]", self.browser.text("main .chart")), "events per second")
        legends = "return [...document.querySelectorAll('.chart .legend')].map((each) => each.textContent)"
        self.assertEqual(len(self.browser.run(legends)), 3)
        self.assertRegex(self.browser.run(legends)[1], r"^p99[0-9.]+ (ms|s)p50[0-9.]+ (ms|s)$")
        until(lambda: self.browser.run(legends)[2] == "deliveries1", "only the one that is tried again is left")
        until(lambda: self.browser.run("return document.querySelectorAll('.chart path.line').length") >= 3, "lines are drawn")
        self.assertRegex(self.browser.all(".chart svg[role=img]")[0].get_attribute("aria-label"),
                         r"^Events per second, last 5 minutes\. taken: .+ at most ")
        until(lambda: self.until_rows(3)[0][6].startswith("101"), "done deliveries are counted on")


class Views(Watched):
    """Lists, with their search, and the story of an event."""

    def until_names(self, *names):
        """What an earlier search found may be as many rows."""
        until(lambda: [row[1] for row in self.browser.rows()] == list(names), f"the rows of {names}")

    def clear(self):
        self.browser.press("Clear")
        self.until_rows(50)  # until then the page may take back what is chosen next

    def test_events_are_found_by_name_resource_state_handler_and_time(self):
        self.open("#/events?name=task.completed")
        row = self.until_rows(1)[0]
        self.assertEqual(row[1:4], ["task.completed", "task:7", "dead"])
        self.assertIn("archive done", row[4])
        self.assertIn("crm dead", row[4])
        self.clear()
        self.browser.field("Resource").send_keys("prospect:8", Keys.ENTER)
        self.assertEqual(self.until_rows(1)[0][1:4], ["prospect.updated", "prospect:8", "pending"])
        self.assertIn("resource=prospect%3A8", self.browser.driver.current_url)
        self.clear()
        self.browser.choose("State", "unrouted")
        self.browser.press("Search")
        self.until_names("user.created")
        self.clear()
        self.browser.choose("Handler", "crm")
        self.browser.press("Search")
        self.until_names("task.completed")
        self.clear()
        self.browser.choose("Received", "15m")
        self.browser.press("Search")
        until(lambda: "since=15m" in self.browser.driver.current_url, "the address says what is searched for")
        self.until_rows(50)
        self.open("#/events?until=2020-01-01T00:00:00Z")
        until(lambda: self.browser.text("main .summary") == "No event is like that.", "nothing came before 2020")
        self.assertEqual(self.browser.field("Until").get_attribute("value")[:4], "2020")
        self.open("#/events?since=2020-01-01T00:00:00Z&until=2099-01-01T00:00:00Z")
        self.until_rows(50)

    def test_pages_lead_to_older_events_and_back(self):
        self.open("#/events?name=mailing.opened&until=2099-01-01T00:00:00Z&handler=archive")
        newest = [row[2] for row in self.until_rows(50)]
        self.browser.one("main .pages a:last-child").click()
        until(lambda: self.browser.rows() and self.browser.rows()[0][2] not in newest, "older ones")
        older = [row[2] for row in self.browser.rows()]
        self.assertEqual(len(set(newest) & set(older)), 0)
        self.assertIn("mailing:0", older)
        self.browser.one("main .pages a:first-child").click()
        until(lambda: self.browser.rows() and self.browser.rows()[0][2] == newest[0], "the newest again")

    def answer_with(self, beginning, text, **headers):
        """From now on the page is answered so, where it asks for what begins so."""
        self.browser.run("const ask = window.fetch, [beginning, text, headers] = arguments;"
                         "window.fetch = (path, options) => path.startsWith(beginning)"
                         " ? Promise.resolve(new Response(text, { headers })) : ask(path, options);",
                         beginning, text, {key.replace("_", "-"): value for key, value in headers.items()})

    def test_a_search_that_was_ended_says_where_and_goes_on(self):
        last = self.daemon.event(body("task.completed", number=7, subject="call back"))
        for view, kind in (("events", "events"), ("dead", "deliveries")):
            self.open(f"#/{view}")
            until(lambda: self.browser.rows(), "the list")
            self.answer_with(f"api/{view}?limit=50&name=mailing.lost", "[]", Search_Ended_At=last["id"],
                             Search_Ended_Time=last["received_at"])
            self.browser.field("Name").send_keys("mailing.lost", Keys.ENTER)
            until(lambda: f"0 {kind} so far: the search took too long" in self.browser.text("main .summary"), "where it ended")
            self.assertEqual(self.browser.one("main .summary time").get_attribute("datetime"), last["received_at"])
            self.assertIn(f"before={last['id']}", self.browser.one("main .pages a:last-child").get_attribute("href"))

    def test_story_says_how_many_attempts_are_left_out(self):
        story = self.daemon.event(body("task.completed", number=7, subject="call back"))
        self.open(f"#/events/{story['id']}")
        until(lambda: self.browser.rows("main section[aria-label=Attempts] tbody tr"), "the attempts")
        self.assertNotIn("left out", self.browser.text())
        self.answer_with(f"api/events/{story['id']}", json.dumps(story | {"attempts_left_out": 1234}))
        until(lambda: "1,234 older ones are left out." in self.browser.text("main section[aria-label=Attempts]"), "how many")

    def test_new_events_come_into_the_list_and_focus_stays(self):
        self.open("#/events?name=mailing.replied")
        until(lambda: self.browser.text("main .summary") == "No event is like that.", "there is none")
        self.daemon.send(body("mailing.replied", "mailing", 5000))
        self.until_rows(1)
        self.browser.run("document.querySelector('main tbody a').focus()")
        self.daemon.send(body("mailing.replied", "mailing", 5001))
        rows = self.until_rows(2)
        self.assertEqual([row[2] for row in rows], ["mailing:5001", "mailing:5000"])
        self.assertEqual(self.browser.run("return document.activeElement.closest('tr').rowIndex"), 2)

    def test_story_shows_all_that_the_api_tells(self):
        wanted = body("task.completed", number=7, subject="call back")
        story = self.daemon.event(wanted)
        self.open(f"#/events/{story['id']}")
        until(lambda: "call back" in self.browser.text(), "the body")
        times = self.browser.run("return [...document.querySelectorAll('main time')].map((each) => each.dateTime)")
        self.browser.driver.find_element("css selector", "main section[aria-label=Body] input").click()  # as it came
        self.assertIn(wanted.decode(), self.browser.text("main section[aria-label=Body]"))
        # The rest must not be found by being in the body.
        shown = self.browser.run("const page = document.querySelector('main').cloneNode(true);"
                                 "page.querySelector('section[aria-label=Body]').remove(); return page.textContent")
        self.assertEqual(story.pop("body"), wanted.decode())

        def look(told, key=None):
            if isinstance(told, dict):
                for each, value in told.items():
                    look(value, each)
            elif isinstance(told, list):
                for each in told:
                    look(each)
            elif isinstance(told, str):
                self.assertIn(told, times if key.endswith("_at") else shown, key)

        look(story)
        self.assertIn("the crm has no such task", shown)
        self.assertEqual(self.browser.driver.title, "Event · outreachd")

    def test_big_numbers_in_a_body_keep_their_digits(self):
        wanted = b'{"data":{"id":12345678901234567890123,"type":"mailing","x":1.10},"meta":{"eventName":"mailing.created"}}'
        self.daemon.send(wanted)
        self.open(f"#/events/{self.daemon.event(wanted)['id']}")
        until(lambda: '"id": 12345678901234567890123,' in self.browser.text("main pre"), "the number as it came")
        self.assertIn('"x": 1.10', self.browser.text("main pre"))

    def test_unknown_addresses_say_so(self):
        self.open("#/nothing/here")
        until(lambda: "There is nothing at this address" in self.browser.text(), "it says so")
        self.assertEqual(self.browser.rows(), [])

    def test_page_loads_little_and_from_the_daemon_alone(self):
        self.open()
        until(lambda: self.browser.text("#state") == "Ready", "it is ready")
        bytes_loaded = self.browser.run("return performance.getEntries().filter((each) => each.initiatorType !== 'fetch')"
                                   ".reduce((sum, each) => sum + (each.encodedBodySize ?? 0), 0)")
        self.assertGreater(bytes_loaded, 10_000)
        self.assertLess(bytes_loaded, 150_000)


class Deep(Page):
    """A signed body is taken however deep it is nested: the page lays out what can be read of it."""

    BODY = "main section[aria-label=Body]"

    def open_body(self, body):
        self.daemon.send(body)
        self.open(f"#/events/{self.daemon.event(body)['id']}")
        until(lambda: self.browser.all(f"{self.BODY} pre"), "the body")

    def test_what_is_nested_deeper_than_64_levels_stays_on_one_line(self):
        self.open_body(b'{"data":' + b"[" * 5_000 + b'1,{"a":2}' + b"]" * 5_000 + b"}")
        self.assertTrue(self.browser.text(f"{self.BODY} pre").startswith('{\n  "data": [\n    [\n      [\n'))
        self.browser.one(f"{self.BODY} button[data-focus=more]").click()
        lines = self.browser.text(f"{self.BODY} pre").split("\n")
        self.assertEqual(len(lines), 64 + 1 + 64)
        self.assertEqual(lines[64], 128 * " " + "[" * 4_937 + '1,{"a": 2}' + "]" * 4_937)
        self.assertEqual(lines[63:66:2], [126 * " " + "[", 126 * " " + "]"])

    def test_body_of_brackets_alone_is_shown(self):
        self.open_body(b"[" * 500_000 + b"]" * 500_000)
        self.assertTrue(self.browser.text(f"{self.BODY} pre").startswith("[\n  [\n    [\n"))
        self.assertIn("unknown", self.browser.text("main h1"))


class Missing(Page):
    expected_complaints = [r"/api/events/\S+ - Failed to load resource.*40[04]",
                           r"/api/quarantine/\S+ - Failed to load resource.*404"]

    def test_what_is_not_there_is_said(self):
        self.open("#/events/0193e0a1-7c00-7abc-8def-0123456789ab")
        self.until_said("there is no such event")
        self.open("#/events/nonsense")
        self.until_said("'nonsense' is not an event's id")
        self.open("#/quarantine/99")
        self.until_said("there is no such request in quarantine")


class Changes(Dying):
    """Replay and discard."""

    def send_dead(self, *bodies):
        self.daemon.send(*bodies)
        until(lambda: len(self.daemon.read("/api/dead")) == len(bodies), "they are dead")

    def test_dead_delivery_is_replayed_only_when_confirmed(self):
        self.send_dead(body("task.completed", number=70))
        self.open("#/dead")
        row = self.until_rows(1)[0]
        self.assertEqual(row[1:5], ["crm", "task.completed", "task:70", "1"])
        self.assertIn("ended with exit status 3", row[5])
        until(lambda: self.browser.text("#dead_count") == "1", "the count beside the link")
        self.browser.press("Replay task.completed to crm")
        self.assertIn("task.completed to crm is tried again", self.browser.text("#confirm_text"))
        self.browser.confirm("Cancel")
        self.daemon.mend()
        self.assertEqual(len(self.daemon.read("/api/dead")), 1)
        self.browser.press("Replay task.completed to crm")
        self.browser.confirm("Replay")
        self.until_said("1 delivery is tried again.")
        until(lambda: self.browser.text("main .summary") == "No delivery is dead.", "it is gone from the list")
        self.daemon.settle()
        story = self.daemon.event(body("task.completed", number=70))
        self.assertEqual({each["handler"]: each["state"] for each in story["deliveries"]},
                         {"archive": "done", "crm": "done"})

    def test_dead_delivery_is_discarded(self):
        self.send_dead(body("task.completed", number=71))
        self.open("#/dead?handler=crm")
        self.until_rows(1)
        self.browser.press("Discard task.completed to crm")
        self.browser.confirm("Discard")
        self.until_said("The delivery is discarded.")
        until(lambda: self.browser.text("main .summary") == "No delivery is dead.", "it is gone")
        story = self.daemon.event(body("task.completed", number=71))
        self.assertEqual({each["handler"]: each["state"] for each in story["deliveries"]},
                         {"archive": "done", "crm": "discarded"})

    def test_all_that_a_search_finds_are_replayed(self):
        self.send_dead(*(body("task.updated", number=each) for each in range(100, 103)), body("task.created", number=110))
        self.open("#/dead?name=task.updated")
        self.until_rows(3)
        self.daemon.mend()
        self.browser.press("Replay all …")
        self.until_asked("Replay 3 dead deliveries with name task.updated?")
        self.browser.confirm("Replay all")
        self.until_said("3 deliveries are tried again.")
        until(lambda: self.browser.text("main .summary") == "No delivery is dead.", "they are gone")
        self.assertEqual([each["name"] for each in self.daemon.read("/api/dead")], ["task.created"])
        self.open("#/dead")
        self.until_rows(1)
        self.browser.press("Discard all …")
        self.until_asked("Discard 1 dead delivery?")
        self.browser.confirm("Discard all")
        self.until_said("1 delivery is discarded.")
        self.assertEqual(self.daemon.read("/api/dead"), [])

    def test_discarding_all_says_what_it_does_before(self):
        self.send_dead(*(body("task.updated", number=each) for each in range(200, 203)), body("task.created", number=210))
        self.open("#/dead?name=task.updated&since=15m")
        self.until_rows(3)
        self.browser.press("Discard all …")
        self.until_asked("Discard 3 dead deliveries with name task.updated, died within the last 15m?")
        told = self.browser.text("#confirm_text")
        for fact in ("Found now: 3 dead deliveries with name task.updated, died within the last 15m.",
                     "of events received up to that moment", "This can't be undone.", "Deliveries of later events stay."):
            self.assertIn(fact, told)
        self.assertNotIn("no longer has the handler", told)
        self.browser.confirm("Cancel")
        self.assertEqual(len(self.daemon.read("/api/dead")), 4)
        self.open("#/dead?handler=crm")
        self.until_rows(4)
        self.browser.press("Discard all …")
        self.until_asked("Discard 4 dead deliveries with handler crm?")
        self.assertIn("If the configuration no longer has the handler crm, what still waits for it is given up, too.",
                      self.browser.text("#confirm_text"))
        self.browser.confirm("Discard all")
        self.until_said("4 deliveries are discarded.")

    def test_event_is_replayed_as_new_deliveries(self):
        self.daemon.mend()
        self.daemon.send(body("task.completed", number=72))
        self.daemon.settle()
        story = self.daemon.event(body("task.completed", number=72))
        self.open(f"#/events/{story['id']}")
        self.browser.press("Replay the event …")
        self.browser.confirm("Replay")
        self.until_said("2 new deliveries.")
        before = {each["id"] for each in story["deliveries"]}
        after = {each["id"] for each in self.daemon.read(f"/api/events/{story['id']}")["deliveries"]}
        self.assertEqual(len(after - before), 2)
        until(lambda: all(each in self.browser.text() for each in after), "they are shown")

    def test_story_offers_what_can_be_done_about_a_dead_delivery(self):
        self.send_dead(body("task.completed", number=73))
        story = self.daemon.event(body("task.completed", number=73))
        self.open(f"#/events/{story['id']}")
        self.daemon.mend()
        self.browser.press("Replay task.completed to crm")
        self.browser.confirm("Replay")
        until(lambda: self.browser.text("main .beside") == "done", "the event is done")
        self.assertEqual([each for each in self.browser.all("main td button") if "Discard" in each.text], [])


class WithoutItsBroker(Page):
    """A receiver whose RabbitMQ can't be reached: it takes events all the same."""

    settings = {"queue": "{type: amqp, amqp: {uri: 'amqp://user-1:s3cr3t@127.0.0.1:1/events'}}"}

    def test_what_is_wrong_and_what_waits_is_shown(self):
        self.daemon.send(*(body("task.completed", number=each) for each in range(3)))
        self.open()
        until(lambda: self.browser.text("#state") == "Ready, with problems", "it is ready, but")
        self.assertIn("relay", self.browser.text("main .reasons"))
        until(lambda: "outbox3" in self.browser.text("main .charts"), "three events wait for the broker")
        self.assertIn("To the brokernot connected", self.browser.text("section[aria-label=Broker]"))
        self.browser.go("#/configuration")
        until(lambda: "amqp://127.0.0.1:1/events" in self.browser.text(), "where the broker should be")
        self.assertNotIn("s3cr3t", self.browser.text())
        self.assertNotIn("user-1", self.browser.text())


class Configuration(Page):
    def test_configuration_in_force_is_shown_without_secrets(self):
        self.open("#/configuration")
        handlers = {row[0]: row[1:] for row in self.until_rows(6)}
        self.assertEqual(handlers["crm"][:3], ["exec", "/bin/sh; 2 arguments", "4"])
        self.assertEqual(handlers["archive"][1], f"{self.daemon.directory}/events.jsonl")
        self.assertIn("task.*", self.browser.text())
        self.assertNotIn(SECRET, self.browser.text())
        self.assertNotIn("the crm has no such task", self.browser.text())
        path = self.daemon.directory / "outreachd.yaml"
        path.write_text(path.read_text().replace("mailing.*", "mailing.opened"))
        self.daemon.reload()
        self.until_said("It was loaded anew.")
        self.assertIn("mailing.opened", self.browser.text())


class Quarantine(Page):
    def test_quarantined_requests_are_shown_discarded_and_checked_again(self):
        self.daemon.send(body("task.created", number=80, note="<b>one</b>"), body("task.created", number=81),
                         secret="another secret", status=401)
        self.open("#/quarantine")
        rows = self.until_rows(2)
        self.assertIn("the signature fits no secret", rows[0][5])
        until(lambda: self.browser.text("#quarantine_count") == "2", "the count beside the link")
        self.browser.one("main tbody tr:last-child a").click()
        until(lambda: "<b>one</b>" in self.browser.text(), "its body as text")
        self.browser.press(f"Discard request {rows[1][1]}")
        self.browser.confirm("Discard")
        self.until_rows(1)
        self.browser.press("Check all again")
        self.until_said("0 requests have become events, 1 request stays in quarantine.")
        self.daemon.set_secret("another secret")
        self.daemon.reload()
        until(lambda: self.browser.text("main .summary") == "No request is in quarantine.", "it is an event now")
        self.assertEqual(self.daemon.event(body("task.created", number=81))["name"], "task.created")


if __name__ == "__main__":
    run()
