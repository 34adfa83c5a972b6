"""Signing in and the history, in a browser: whose conversations are whose, and for how long."""

import http.client
import json
import re
import shutil
import time
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from chat.running import Chat, serving
from playwright.sync_api import Browser, BrowserContext, Locator, Page, expect

from opsmith.access import Caller, Role
from opsmith.app.chat_room import people_of
from opsmith.app.data import open_tables
from opsmith.errors import BadInput
from opsmith.settings import Settings
from opsmith.storage.chat_history import ChatHistoryStore
from opsmith.storage.users import UserStore

expect.set_options(timeout=20_000)

BY = Caller("root", Role.ADMIN, via="command", is_person=True)
WORD = "a long enough one"


def test_no_plant_is_shown_to_other_machines_before_there_is_a_user(settings: Settings) -> None:
    from opsmith.app.bootstrap import open_plant

    with open_plant(settings) as plant, pytest.raises(BadInput, match="opsmith users add"):
        people_of(plant, "0.0.0.0")


@pytest.fixture(scope="module")
def guarded(settings: Settings, tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """The same plant, with two users."""
    folder = tmp_path_factory.mktemp("guarded") / "plant"
    shutil.copytree(settings.data_dir, folder)
    mine = Settings(data_dir=folder)
    with open_tables(mine) as tables:
        users = UserStore(tables)
        users.add("anna", WORD, Role.ENGINEER, by=BY)
        users.add("ben", WORD, Role.VIEWER, ["nowhere"], by=BY)
    return mine


@pytest.fixture(scope="module")
def locked(guarded: Settings) -> Iterator[Chat]:
    with serving(guarded) as running:
        yield running


@contextmanager
def somebody(browser: Browser) -> Generator[BrowserContext]:
    with browser.new_context() as context:
        context.set_default_timeout(20_000)
        yield context


def sign_in(page: Page, url: str, name: str, password: str = WORD) -> None:
    page.goto(f"{url}/login")
    page.locator("#email").fill(name)
    page.locator("#password").fill(password)
    page.get_by_role("button", name="Sign in").click()


def ask(page: Page, question: str) -> Locator:
    page.locator("#chat-input").fill(question)
    page.locator("#chat-submit").click()
    said = page.locator("[data-step-type=assistant_message]").last
    said.wait_for()
    expect(page).to_have_url(re.compile("/thread/"))
    return said


def status(chat: Chat, method: str, path: str, context: BrowserContext, body: object = None) -> int:
    """What the server answers to that visitor's browser."""
    cookies = "; ".join(f"{one.get('name')}={one.get('value')}" for one in context.cookies())
    headers = {"Cookie": cookies, "Content-Type": "application/json"}
    connection = http.client.HTTPConnection("127.0.0.1", chat.port, timeout=20)
    try:
        connection.request(method, path, None if body is None else json.dumps(body), headers)
        return connection.getresponse().status
    finally:
        connection.close()


def test_without_a_password_nothing_of_the_plant_is_there(locked: Chat, browser: Browser) -> None:
    with somebody(browser) as context, context.new_page() as page:
        page.goto(locked.url)
        expect(page).to_have_url(re.compile("/login$"))
        assert status(locked, "GET", "/project/settings", context) == 401
        assert status(locked, "POST", "/project/threads", context, {}) == 401
        assert status(locked, "POST", "/auth/header", context) == 400
        assert status(locked, "GET", "/ws/socket.io/?EIO=4&transport=polling", context) == 401
        assert status(locked, "POST", "/auth/jwt", context) == 404
        assert status(locked, "POST", "/mcp", context, {}) == 404
        assert status(locked, "GET", "/project/share/x", context) == 404


def test_a_wrong_password_is_told_and_the_right_one_opens(locked: Chat, browser: Browser) -> None:
    with somebody(browser) as context, context.new_page() as page:
        sign_in(page, locked.url, "anna", "not the right one")
        expect(
            page.locator("form").get_by_text("The name or the password is wrong.")
        ).to_be_visible()
        sign_in(page, locked.url, "anna")
        expect(ask(page, "status of PUMP_01")).to_contain_text("91.3 °C")


def test_who_tries_too_often_has_to_wait(locked: Chat, browser: Browser) -> None:
    with somebody(browser) as context, context.new_page() as page:
        for _ in range(6):
            sign_in(page, locked.url, "carl", "not the right one")
            page.locator("form [role=alert]").wait_for()
        expect(page.locator("form").get_by_text("Too many tries")).to_be_visible()
        sign_in(page, locked.url, "anna")
        page.locator("#chat-input").wait_for()


def test_a_chart_is_there_after_a_reload_and_a_restart_and_memory_goes_on(
    guarded: Settings, browser: Browser
) -> None:
    with somebody(browser) as context, context.new_page() as page:
        with serving(guarded) as first:
            sign_in(page, first.url, "anna")
            ask(page, "trend of temperature of PUMP_01, last 3 hours")
            shown = page.locator(".js-plotly-plot text", has_text="upper limit 85 °C")
            expect(shown).to_be_visible()
            page.reload()
            expect(shown).to_be_visible()
            place, port = page.url, first.port
            assert first.interrupt() == 0
        with serving(guarded, port):
            page.goto(place)
            expect(shown).to_be_visible()
            # It is signed in still, and what was spoken of is known.
            expect(ask(page, "and its vibration?")).to_contain_text("PUMP_01")
            page.get_by_text("trend of temperature of PUMP_01").first.wait_for()


def test_nobody_else_opens_a_conversation_or_what_is_in_it(
    locked: Chat, guarded: Settings, browser: Browser
) -> None:
    with somebody(browser) as hers, hers.new_page() as page:
        sign_in(page, locked.url, "anna")
        ask(page, "trend of vibration of PUMP_01, last 3 hours")
        page.locator(".js-plotly-plot").first.wait_for()
        place = page.url
        thread = place.rpartition("/")[2]
        page.reload()
        page.locator(".js-plotly-plot").first.wait_for()
        with open_tables(guarded) as tables:
            kept = ChatHistoryStore(tables).thread("anna", thread)
        assert kept is not None
        element = kept.elements[0].element_id
        answer = next(one.step_id for one in kept.steps if one.kind == "assistant_message")
        paths = [
            f"/project/thread/{thread}",
            f"/project/thread/{thread}/element/{element}",
            f"/kept/{thread}/{element}",
        ]
        assert [status(locked, "GET", path, hers) for path in paths] == [200, 200, 200]
        with somebody(browser) as his, his.new_page() as other:
            sign_in(other, locked.url, "ben")
            other.locator("#chat-input").wait_for()
            assert [status(locked, "GET", path, his) for path in paths] == [404, 404, 404]
            named = {"threadId": thread, "name": "taken"}
            assert status(locked, "PUT", "/project/thread", his, named) == 404
            assert status(locked, "DELETE", "/project/thread", his, named) == 404
            judged = {"feedback": {"forId": answer, "value": 0}, "sessionId": "x"}
            assert status(locked, "PUT", "/feedback", his, judged) >= 400
            shared = {"threadId": thread, "isShared": True}
            assert status(locked, "PUT", "/project/thread/share", hers, shared) == 404
            # What he may not see he is not shown, by no question.
            expect(ask(other, "status of PUMP_01")).not_to_contain_text("91.3")
            other.goto(place)
            expect(other.get_by_text("trend of vibration")).to_have_count(0)
        with open_tables(guarded) as tables:
            after = ChatHistoryStore(tables).thread("anna", thread)
        assert after is not None
        assert after.thread.name == kept.thread.name
        assert after.feedback == []


def test_feedback_on_an_answer_about_an_alert_is_found_with_the_alert(
    locked: Chat, guarded: Settings, browser: Browser
) -> None:
    with somebody(browser) as context, context.new_page() as page:
        sign_in(page, locked.url, "anna")
        ask(page, "why did PUMP_01 alarm?")
        page.locator("button.negative-feedback-off").last.click()
        page.get_by_role("dialog").locator("textarea").fill("It was the bearing")
        page.locator("#submit-feedback").click()
        page.locator("button.negative-feedback-on").wait_for()
        with open_tables(guarded) as tables:
            with tables.read() as connection:
                trace_id = connection.exec_driver_sql("select trace_id from alert_log").scalar()
            (found,) = ChatHistoryStore(tables).feedback_about(str(trace_id))
        assert (found.owner, found.good) == ("anna", False)
        assert found.comment == "It was the bearing"
        assert found.question == "why did PUMP_01 alarm?"


def test_conversations_are_found_renamed_and_deleted(locked: Chat, browser: Browser) -> None:
    with somebody(browser) as context, context.new_page() as page:
        sign_in(page, locked.url, "anna")
        ask(page, "work orders of FAN_07")
        thread = page.url.rpartition("/")[2]

        def found(search: str) -> list[str]:
            asked = {"pagination": {"first": 20}, "filter": {"search": search}}
            answer = page.request.post(f"{locked.url}/project/threads", data=asked)
            return [one["id"] for one in answer.json()["data"]]

        assert found("fan_07") == [thread]
        assert found("nothing like it") == []
        named = {"threadId": thread, "name": "Fans"}
        assert page.request.put(f"{locked.url}/project/thread", data=named).ok
        page.reload()
        expect(page.get_by_text("Fans", exact=True)).to_be_visible()
        assert page.request.delete(f"{locked.url}/project/thread", data={"threadId": thread}).ok
        assert found("fan_07") == []


def test_who_signs_out_is_out_with_a_copied_cookie_too(locked: Chat, browser: Browser) -> None:
    with somebody(browser) as context, context.new_page() as page:
        sign_in(page, locked.url, "anna")
        page.locator("#chat-input").wait_for()
        assert status(locked, "GET", "/user", context) == 200
        (token,) = [one for one in context.cookies() if one.get("name", "").startswith("opsmith_")]
        assert token.get("httpOnly")
        page.request.post(f"{locked.url}/logout", data={})
        context.add_cookies([{"name": token["name"], "value": token["value"], "url": locked.url}])  # pyright: ignore[reportTypedDictNotRequiredAccess]
        expect_out(locked, context)


def test_who_is_disabled_is_out_at_once_with_the_page_open(
    locked: Chat, guarded: Settings, browser: Browser
) -> None:
    with open_tables(guarded) as tables:
        UserStore(tables).add("dora", WORD, Role.OPERATOR, by=BY)
    with somebody(browser) as context, context.new_page() as page:
        sign_in(page, locked.url, "dora")
        ask(page, "status of PUMP_01")
        # What it asks for now and then would learn it too: here its connection alone can.
        page.route(re.compile("/(user|project/threads)$"), lambda route: route.abort())
        with open_tables(guarded) as tables:
            UserStore(tables).disable("dora", by=BY)
        expect_out(locked, context)
        # It is closed with the next message in either direction, which is a ping at the latest.
        expect(page).to_have_url(re.compile("/login$"), timeout=60_000)


def expect_out(chat: Chat, context: BrowserContext) -> None:
    """Wait until the server lets that visitor in no more; what it knows is half a second old."""
    until = time.monotonic() + 20
    while status(chat, "GET", "/user", context) != 401:
        assert time.monotonic() < until, "let in still"


def test_the_one_at_the_machine_needs_a_password_once_there_is_a_user(
    settings: Settings, tmp_path: Path, browser: Browser
) -> None:
    folder = tmp_path / "plant"
    shutil.copytree(settings.data_dir, folder)
    mine = Settings(data_dir=folder)
    with serving(mine) as chat, somebody(browser) as context, context.new_page() as page:
        page.goto(chat.url)
        page.locator("#chat-input").wait_for()
        assert status(chat, "GET", "/user", context) == 200
        forwarded = {"X-Forwarded-For": "192.0.2.7"}
        assert page.request.get(f"{chat.url}/user", headers=forwarded).status == 401
        assert page.request.post(f"{chat.url}/auth/header", headers=forwarded).status == 401
        with open_tables(mine) as tables:
            UserStore(tables).add("anna", WORD, Role.ENGINEER, by=BY)
        expect_out(chat, context)
        page.goto(chat.url)
        expect(page).to_have_url(re.compile("/login$"))
        secret = folder / "chat" / "secret"
        assert secret.stat().st_mode & 0o777 == 0o600
        sign_in(page, chat.url, "anna")
        page.locator("#chat-input").wait_for()
        assert re.fullmatch(r"[\w-]{43,}", secret.read_text())
