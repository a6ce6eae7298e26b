#!/usr/bin/python3 -B
"""The dashboard where something goes wrong: answers that are late, fail or don't come, and what is gone meanwhile.

usage: dashboard_failures_test.py PROGRAM [CASE...]
"""

import itertools

from admin_daemon import body, until
from browser import Keys
from dashboard_page import Dying, Page, run

# How the page is answered from now on, where it asks for what begins so: `late` waits until `window.release` is called,
# `slowly` comes in pieces, `lost` is no answer; a number is a refusal, a pair replaces one text by another. What is
# asked is noted.
ANSWERS = """
window.asked = [];
window.own_fetch ??= window.fetch;
const [answers] = arguments;
const held = new Promise((resolve) => { window.release = resolve; });
const in_pieces = (text, signal) => new ReadableStream({ async start(to) {
  signal.addEventListener("abort", () => to.error(signal.reason));
  for (let at = 0; at < 4 && !signal.aborted; at += 1) {
    await new Promise((resolve) => setTimeout(resolve, 1000));
    to.enqueue(new TextEncoder().encode(text.slice(at * text.length / 4, (at + 1) * text.length / 4)));
  }
  to.close();
} });
window.fetch = async (path, options) => {
  window.asked.push(`${options.method} ${path}`);
  const [, how] = answers.find(([beginning]) => path.startsWith(beginning)) ?? [];
  if (how === "lost") throw new TypeError("no answer");
  if (how === "late") await held;
  if (typeof how === "number") return new Response('{"error":"it is told so"}', { status: how });
  const answer = await window.own_fetch(path, options);
  if (how === "slowly") return new Response(in_pieces(await answer.text(), options.signal));
  return Array.isArray(how) ? new Response((await answer.text()).replaceAll(...how)) : answer;
};
"""


class Failures(Page):
    def answer(self, *answers):
        self.browser.run(ANSWERS, list(answers))

    def asked(self, beginning):
        return [each for each in self.browser.run("return window.asked") if each.startswith(beginning)]

    def until_asked_for(self, beginning, times):
        return until(lambda: len(self.asked(beginning)) >= times, f"{beginning} is asked for {times} times")

    def until_no_rows(self):
        until(lambda: self.browser.rows() == [], "no rows")

    def until_summary(self, text):
        until(lambda: text in self.browser.text("main .summary"), f"the summary says '{text}'")

    def is_asking(self):
        return self.browser.run("return document.getElementById('confirm_dialog').open")

    def has_focus(self, selector):
        return self.browser.run("return document.activeElement.matches(arguments[0])", selector)


class DeadDeliveries(Failures, Dying):
    numbers = itertools.count()  # the same body once more is a repeat
    # What is behind a delivery that is dead no more.
    expected_complaints = [r"/api/dead\?limit=50&before=\S+ - Failed to load resource.*404"]

    def open_dead(self, count):
        self.daemon.send(*(body("task.completed", number=next(self.numbers)) for _ in range(count)))
        until(lambda: len(self.daemon.read("/api/dead?limit=1000")) == count, "they are dead")
        self.open("#/dead")
        return self.until_rows(min(count, 50))

    def count_late(self):
        self.answer(("api/dead?limit=1000", "late"))
        self.browser.press("Discard all …")
        self.until_asked_for("GET api/dead?limit=1000", 1)

    def test_question_about_one_does_not_become_one_about_all(self):
        self.open_dead(3)
        self.count_late()
        self.browser.press("Replay task.completed to crm")
        self.until_asked("Replay this delivery?")
        self.browser.run("window.release()")
        self.until_said("Not asked whether to discard all")
        self.assertEqual(self.browser.text("#confirm_title"), "Replay this delivery?")
        self.assertEqual(self.browser.text("#confirm_yes"), "Replay")
        self.daemon.mend()
        self.browser.confirm("Replay")
        self.until_said("1 delivery is tried again.")
        self.until_rows(2)
        posted, = self.asked("POST")
        self.assertRegex(posted, r"^POST api/dead/[0-9a-f-]{36}/replay$")

    def test_nothing_is_asked_about_another_search_or_over_another_view(self):
        self.open_dead(2)
        self.count_late()
        self.browser.go("#/dead?name=task.created")
        self.until_no_rows()
        self.browser.run("window.release()")
        self.until_said("Not asked whether to discard all")
        self.browser.go("#/dead")
        self.until_rows(2)
        self.count_late()
        self.browser.go("#/events")
        until(lambda: self.browser.text("main h1") == "Events", "another view")
        self.browser.run("window.release()")
        self.until_asked_for("GET api/events", 2)
        self.assertFalse(self.is_asking())
        # A question that is open goes with its view.
        self.browser.go("#/dead")
        self.until_rows(2)
        self.browser.press("Discard task.completed to crm")
        self.until_asked("Discard this delivery?")
        self.browser.go("#/events")
        until(lambda: not self.is_asking(), "it isn't asked any more")
        self.assertEqual(len(self.daemon.read("/api/dead")), 2)

    def test_count_that_fails_is_no_change_that_may_have_happened(self):
        self.open_dead(1)
        self.answer(("api/dead?limit=1000", "lost"))
        self.browser.press("Discard all …")
        self.until_said("Not counted, and nothing is done: the daemon does not answer")
        self.assertFalse(self.is_asking())

    def test_page_whose_place_is_gone_shows_nothing_old(self):
        self.open_dead(51)
        self.browser.one("main .pages a:last-child").click()
        self.until_rows(1)
        self.daemon.mend()
        self.browser.press("Replay all …")
        self.until_asked("Replay 51 dead deliveries?")
        self.browser.confirm("Replay all")
        self.until_no_rows()
        self.until_summary("Not read: there is no such dead delivery")
        self.assertEqual(self.browser.one("main .pages a").text, "Newest")

    def test_focus_goes_to_the_next_row_or_the_summary(self):
        self.open_dead(3)
        second = "main tbody tr:nth-child(2) [data-focus=discard]"
        self.browser.run("document.querySelector(arguments[0]).focus()", second)
        for left, focused in ((2, second), (1, "main .summary")):
            self.browser.keys(Keys.ENTER)
            until(self.is_asking, "it asks")
            self.browser.run("document.getElementById('confirm_yes').focus()")
            self.browser.keys(Keys.ENTER)
            self.until_rows(left)
            self.assertTrue(self.has_focus(focused), self.browser.focused())


class Readings(Failures):
    """Each view says itself what it couldn't read, and never shows what was asked for before."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.daemon.send(body("task.completed", number=1), body("user.created", "user", 1))
        cls.daemon.send(body("task.created", number=1), body("task.created", number=2), secret="wrong", status=401)
        cls.daemon.settle()

    def count(self, view):
        return len(self.daemon.read(f"/api/{view}"))

    def test_view_without_an_answer_says_so_though_the_daemon_is_ready(self):
        story = self.daemon.event(body("task.completed", number=1))
        self.open("#/configuration")
        until(lambda: self.browser.text("#state") == "Ready", "it is ready")
        self.answer((f"api/events/{story['id']}", "lost"))
        self.browser.go(f"#/events/{story['id']}")
        self.until_said("the daemon does not answer")
        self.assertEqual(self.browser.text("#state"), "Ready")
        self.answer()
        until(lambda: self.browser.text("main h1") == "task.completed", "it is read after all")
        self.assertEqual(self.said(), ["", ""])

    def test_answer_that_comes_slowly_is_waited_for(self):
        self.open("#/configuration")
        self.browser.one("main table")
        # A patience of 2 s, and an answer of 4.
        self.browser.run("const own = window.setTimeout;"
                         "window.setTimeout = (work, ms) => own(work, ms === 10000 ? 2000 : ms)")
        self.answer(("api/events", "slowly"))
        self.browser.go("#/events")
        self.until_rows(self.count("events"))

    def test_what_another_search_found_does_not_stand_under_this_one(self):
        for view, other in (("events", "name=user.created"), ("dead", "name=user.created"), ("quarantine", "before=2")):
            self.open(f"#/{view}")
            self.until_rows(self.count(view))
            self.answer((f"api/{view}?limit=50&{other}", "lost"))
            self.browser.go(f"#/{view}?{other}")
            self.until_summary("Not read: the daemon does not answer")
            self.assertEqual(self.browser.rows(), [])

    def test_older_page_is_read_again(self):
        newest = self.daemon.read("/api/events?limit=1")[0]
        self.open(f"#/events?before={newest['id']}")
        older = self.count("events") - 1
        self.until_rows(older)
        self.answer(("api/events?limit=50&before=", "lost"))
        self.until_summary("Not read: the daemon does not answer")
        self.assertEqual(len(self.browser.rows()), older, "they are this page's")

    def test_what_has_not_changed_is_not_spoken_again(self):
        self.open("#/events")
        self.until_summary(f"{self.count('events')} events.")
        self.answer()
        self.browser.run("window.spoken = 0; new MutationObserver(() => { window.spoken += 1; })"
                         ".observe(document.querySelector('main .summary'), { childList: true, characterData: true })")
        self.until_asked_for("GET api/events", 3)
        self.assertEqual(self.browser.run("return window.spoken"), 0)

    def test_large_event_is_read_again_when_that_is_asked_for(self):
        large = body("task.large", number=3, subject="x" * 300_000)
        self.daemon.send(large)
        self.addCleanup(self.daemon.settle)
        asked = f"GET api/events/{self.daemon.event(large)['id']}"
        self.open(f"#/events/{asked.split('/')[-1]}")
        until(lambda: "so large an event isn't read again by itself" in self.browser.text(), "as of when it is")
        self.answer()
        self.until_asked_for("GET api/status", 2)
        self.assertEqual(self.asked(asked), [])
        self.browser.press("Read again")
        self.until_asked_for(asked, 1)

    def test_discard_that_fails_is_said_and_a_request_that_is_gone_too(self):
        self.open("#/quarantine")
        self.until_rows(2)
        self.answer(("api/quarantine/1/discard", 503))
        self.browser.go("#/quarantine/1")
        until(lambda: self.browser.text("main h1") == "Request 1 in quarantine", "its own page")
        self.browser.press("Discard request 1")
        self.browser.confirm("Discard")
        self.until_said("Not confirmed, look before you try again: it is told so")
        self.until_asked_for("GET api/quarantine?limit=1&before=2", 2)
        self.assertEqual(self.browser.run("return location.hash"), "#/quarantine/1")
        self.daemon.ask("POST", "/api/quarantine/1/discard", {"Content-Type": "application/json"})
        self.until_said("It is in quarantine no more")
        self.assertIn("Not confirmed", self.said()[1])
        self.assertEqual(self.browser.all("main .actions button"), [])

    def test_what_is_lost_is_seen_on_each_view(self):
        def until_state(text):
            until(lambda: self.browser.text("#state") == text, f"it is '{text}'")

        self.open("#/events")
        until_state("Ready")
        for metric, value, state, tile in (
                ("unaccounted", "2", "Ready, but a promise is broken", "Unaccounted2should be 0"),
                ("refused_genuine_total", "1", "Ready, but a promise is broken", "Genuine, refused1should be 0"),
                ("refused_genuine_total", "", "Ready, with problems", "Genuine, refusedunknown"),
                ("quarantine_dropped_total", "3", "Ready, with problems", "3 lost since the start")):
            self.answer(("metrics", [f"\noutreachd_{metric} 0\n", value and f"\noutreachd_{metric} {value}\n"]))
            until_state(state)
            self.browser.go("#/")
            until(lambda: tile in self.browser.text("main .tiles"), tile)
            self.answer()
            until_state("Ready")
            self.assertIn("Unaccounted0as promised", self.browser.text("main .tiles"))
            self.assertIn("Genuine, refused0since the start", self.browser.text("main .tiles"))
            self.browser.go("#/events")


class Figures(Failures):
    """What the page's modules make of readings and texts."""

    IMPORT = """
        const done = arguments[arguments.length - 1];
        const read = async () => {
          const { figures } = await import("/dashboard/figures.js");
          const { samples } = await import("/dashboard/exposition.js");
          const made = new figures();
          arguments[0].forEach((at, count) => made.add(new samples(
            `process_start_time_seconds 1\\noutreachd_events_total{name="x"} ${100 * count}`), at * 1000, true));
          return made.points.map(({ events }) => events);
        };
        read().then(done, (failed) => done(String(failed)));"""

    def rates(self, *seconds):
        self.open()
        return self.browser.driver.execute_async_script(self.IMPORT, seconds)

    def test_clock_that_was_set_back_begins_anew(self):
        self.assertEqual(self.rates(3600, 3602, 0, 2), [None, 50])
        # What is older than the 5 minutes leaves also then.
        self.assertEqual(len(self.rates(3600, *range(0, 1200, 2))), 151)

    def test_readings_of_a_slow_way_make_a_line(self):
        self.assertEqual(self.rates(*range(0, 130, 13))[1:], [100 / 13] * 9)
        self.assertEqual(self.rates(0, 2, 60, 62), [None, 50, None, None, 50])

    def test_what_cannot_be_seen_is_spelt_out(self):
        self.open()
        shown = self.browser.driver.execute_async_script(
            "import('/dashboard/words.js').then(({ plain }) => arguments[1](plain(arguments[0])), arguments[1])",
            "a\u200bb\u2060c\u180ed\u2064e\u202ef\u200dg")
        self.assertEqual(shown, "a\\u{200b}b\\u{2060}c\\u{180e}d\\u{2064}e\\u{202e}f\u200dg")


if __name__ == "__main__":
    run()
