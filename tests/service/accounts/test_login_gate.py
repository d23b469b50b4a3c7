import asyncio

import pytest

from errors.problem import Refusal
from service.login_gate import LoginGate, address_name, user_name


async def fail(gate: LoginGate, *names: str) -> None:
    async with gate.attempt(*names) as attempt:
        attempt.failed()


async def refusal_of(gate: LoginGate, *names: str) -> Refusal:
    with pytest.raises(Refusal) as refused:
        await fail(gate, *names)
    assert refused.value.problem.code == "LOGIN_RATE_LIMITED"
    return refused.value


async def test_failures_are_counted_and_the_wait_is_told():
    gate = LoginGate(failures=3, window_seconds=60)
    for _ in range(3):
        await fail(gate, "a")
    wait = int((await refusal_of(gate, "a")).headers["Retry-After"])
    assert 55 <= wait <= 61
    await fail(gate, "b")


async def test_each_name_of_an_attempt_counts_for_itself():
    gate = LoginGate(failures=2)
    await fail(gate, "address:1", "user:ann")
    await fail(gate, "address:2", "user:ann")
    await refusal_of(gate, "address:3", "user:ann")
    await fail(gate, "address:1", "user:bob")
    await refusal_of(gate, "address:1", "user:eve")


async def test_successes_do_not_count():
    gate = LoginGate(failures=1)
    for _ in range(20):
        async with gate.attempt("a"):
            pass
    await fail(gate, "a")
    await refusal_of(gate, "a")


async def test_many_guesses_at_once_gain_nothing():
    gate, tried = LoginGate(failures=3), []

    async def guess(number: int) -> str:
        try:
            async with gate.attempt("a") as attempt:
                tried.append(number)
                await asyncio.sleep(0)
                attempt.failed()
        except Refusal as refusal:
            return refusal.problem.code
        return "tried"

    answers = await asyncio.gather(*(guess(number) for number in range(50)))
    assert len(tried) == answers.count("tried") == 3
    assert answers.count("LOGIN_RATE_LIMITED") == 47


async def test_many_right_logins_at_once_all_get_in():
    gate, entered = LoginGate(failures=3), []

    async def login(number: int) -> None:
        async with gate.attempt("a"):
            await asyncio.sleep(0)
            entered.append(number)

    await asyncio.gather(*(login(number) for number in range(50)))
    assert len(entered) == 50


async def test_a_guess_that_is_called_off_frees_its_place():
    gate, never = LoginGate(failures=1), asyncio.Event()

    async def hang() -> None:
        async with gate.attempt("a"):
            await never.wait()

    hanging = asyncio.ensure_future(hang())
    await asyncio.sleep(0)
    waiting = asyncio.ensure_future(fail(gate, "a"))
    await asyncio.sleep(0)
    hanging.cancel()
    await asyncio.wait_for(waiting, 5)


async def test_names_that_were_counted_are_forgotten_in_time():
    gate = LoginGate(failures=1, window_seconds=1)
    for number in range(5000):
        await fail(gate, f"user:{number}")
    loop = asyncio.get_running_loop()
    deadline = loop.time() + 10
    while len(gate._storage.events) > 4096:
        assert loop.time() < deadline
        await asyncio.sleep(0.05)
        await fail(gate, f"another {loop.time()}")


@pytest.mark.parametrize(
    ("address", "name"),
    [
        ("192.0.2.7", "address:192.0.2.7"),
        ("2001:db8::1", "address:2001:db8::/64"),
        ("2001:db8::2", "address:2001:db8::/64"),
        ("::1", "address:::/64"),
        ("::ffff:192.0.2.7", "address:192.0.2.7"),
        ("fe80::1%eth0", "address:fe80::/64"),
        ("testclient", "address:unknown"),
        (None, "address:unknown"),
    ],
)
def test_a_client_counts_under_what_it_cannot_change_at_will(address, name):
    assert address_name(address) == name


def test_a_user_counts_under_a_name_of_bounded_length():
    assert len(user_name("a" * 100_000)) == len(user_name("ann")) < 80
