"""A failing assertion on metrics says what is wrong in a few lines, at the line of the test."""

import prometheus_client
import pytest

PLANTED = """
import prometheus_client
def test_mails(metrics):
    sent = prometheus_client.Counter("mail_sent_total", "Sent.", ["kind", "to"])
    lost = prometheus_client.Counter("mail_lost_total", "Lost.")
    sent.labels("invoice", "a")
    with metrics.adds(
        {'mail_sent_total{to="a",kind="invoice"}': 1, 'mail_sent_total{to="b",kind="bill"}': 2}
    ):
        sent.labels("invoice", "a").inc(3)
        lost.inc()
"""


def test_a_difference_says_what_is_missing_unexpected_or_other(fresh_run):
    lines = fresh_run(PLANTED, "-q", "-n0", "--no-header").stdout.splitlines()
    [start] = [n for n, line in enumerate(lines) if line.startswith("E ")][:1]
    shown = [line for line in lines if line.startswith("E ")]
    assert shown == [
        "E       AssertionError: the block adds other than expected:",
        "E         unexpected  mail_lost_total +1",
        'E         missing     mail_sent_total{kind="bill",to="b"} +2',
        'E         other       mail_sent_total{kind="invoice",to="a"} +3 instead of +1',
    ]
    assert [line for line in lines if line.startswith(">")] == [">       with metrics.adds("]
    assert lines[start + len(shown) + 1].endswith("test_planted.py:7: AssertionError")
    assert "contextlib" not in "".join(lines)


@pytest.mark.parametrize("look", ["value('mail_losttotal')", "histogram('mail_lost')"])
def test_a_missing_series_shows_what_there_is_in_its_place(look, fresh_run):
    planted = PLANTED.partition("    sent =")[0].replace(
        "test_mails(metrics):",
        "test_mails(metrics):\n"
        "    prometheus_client.Counter('mail_lost_total', 'Lost.')\n"
        f"    metrics.{look}\n",
    )
    done = fresh_run(planted, "-q", "-n0", "--no-header")
    shown = [line for line in done.stdout.splitlines() if line.startswith((">", "E "))]
    name = "mail_losttotal" if "value" in look else "mail_lost_bucket"
    assert shown == [
        f">       metrics.{look}",
        f"E       AssertionError: no series {name}; there are:",
        "E         mail_lost_total 0",
    ]


def test_a_long_list_is_cut_off(metrics):
    many = prometheus_client.Counter("many_total", "Many.", ["number"])

    def add() -> None:
        for number in range(30):
            many.labels(str(number)).inc()

    with pytest.raises(AssertionError) as refused, metrics.adds({}):
        add()
    assert len(str(refused.value).splitlines()) == 12
    assert str(refused.value).endswith("\n  and 20 more")


def test_labels_are_in_any_order_and_escaped_as_in_the_exposition(metrics):
    odd = prometheus_client.Gauge("odd", "Odd.", ["b", "a"])
    with metrics.adds({r'odd{b="1,\"\n\\",a="}"}': 7}):
        odd.labels('1,"\n\\', "}").set(7)
    assert metrics.value(r'odd{a="}",b="1,\"\n\\"}') == 7.0
    assert metrics.samples() == {r'odd{a="}",b="1,\"\n\\"}': 7.0}


def test_an_error_of_the_block_is_the_one_that_is_raised(metrics):
    with pytest.raises(KeyError), metrics.adds({"odd": 1}):
        raise KeyError("odd")


def test_a_series_that_vanishes_is_a_change(metrics):
    odd = prometheus_client.Gauge("odd", "Odd.", ["a"])
    odd.labels("1").set(7)
    with metrics.adds({'odd{a="1"}': -7}):
        odd.remove("1")
