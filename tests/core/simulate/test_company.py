"""What happens in a simulated company happens as often as its causes say. Tolerances are about four standard errors."""

from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow.compute as pc
import pytest

from collage.simulate import Causes, Contacts, Daily, Orders, People, Practice, Waits
from collage.simulate.asking import COLD
from collage.simulate.blocks import Company
from collage.simulate.identifying import claims
from collage.simulate.promised import NEVER, PROMISES
from collage.simulate.rows import CHANNELS, DAY, DEPARTMENTS, KINDS, OUTCOMES, SITES, TIERS
from collage.simulate.waiting import hour_of_week, queues
from tests.core.simulate.conftest import made
from tests.core.simulate.test_waiting import erlang_a

Flags = npt.NDArray[np.bool_]
ORDERS, CONTACTS, DAILY = Orders(), Contacts(), Daily()


def of_kind(company: Company, kind: str) -> Flags:
    found: Flags = company.made["kind"] == KINDS.index(kind)
    return found


def count(company: Company, kind: str) -> int:
    return int(of_kind(company, kind).sum())


def share(which: Any, of: Any) -> float:
    return float(which.sum() / of.sum())


def test_a_customer_has_fifty_to_a_hundred_touchpoints_a_year(whole: Company) -> None:
    assert 50 < whole.made["at"].size / whole.people.n < 100
    assert set(whole.made["kind"].tolist()) == set(range(len(KINDS)))
    assert set(whole.made["department"].tolist()) == set(range(len(DEPARTMENTS)))


def test_what_happened_is_in_order_of_time_and_within_it(whole: Company) -> None:
    at = whole.made["at"]
    assert (np.diff(at) >= 0).all()
    assert whole.span.begin <= at[0]
    assert at[-1] < whole.span.end


def test_tiers_and_identifiers_are_shared_out_as_said(whole: Company) -> None:
    c = whole.causes.people
    for tier, expected in enumerate(c.tiers):
        assert (whole.people.tier == tier).mean() == pytest.approx(expected, abs=0.025)
    for column, expected in enumerate((1.0, c.email_share, c.phone_share, c.cookie_share, c.split_share)):
        assert whole.people.has[:, column].mean() == pytest.approx(expected, abs=0.03)


@pytest.mark.parametrize(
    ("kind", "expected", "tolerance"),
    [
        ("order.failed", ORDERS.failed_share, 0.003),
        ("payment.failed", ORDERS.payment_failed_share, 0.005),
        ("coupon.used", ORDERS.coupon_share, 0.015),
        ("coupon.refused", ORDERS.coupon_refused_share, 0.005),
        ("delivery.failed", ORDERS.missed_share, 0.005),
        ("goods.damaged", ORDERS.damaged_share, 0.004),
        ("goods.wrong", ORDERS.wrong_share, 0.004),
        ("invoice.corrected", ORDERS.invoice_wrong_share, 0.006),
        ("warranty.registered", ORDERS.warranty_share, 0.012),
        ("followup.made", ORDERS.followup_share, 0.015),
        ("refund.made", ORDERS.returned_share, 0.02),
    ],
)
def test_mishaps_and_extras_come_with_their_share_of_orders(
    whole: Company, kind: str, expected: float, tolerance: float
) -> None:
    orders = count(whole, "order.placed") + count(whole, "order.failed")
    assert count(whole, kind) / orders == pytest.approx(expected, abs=tolerance)


def test_deliveries_are_late_as_often_as_said_and_promised_once(whole: Company) -> None:
    arrived = of_kind(whole, "delivery.arrived")
    late = whole.made["late_s"][arrived].astype(float) > 0
    assert late.mean() == pytest.approx(ORDERS.late_share, abs=0.01)
    told = whole.made["outcome"][arrived] == OUTCOMES.index("late")
    assert (told == late).all()
    # a refund is no row of the promises: it would be struck twice
    assert PROMISES == ("delivery", "callback")


def test_waits_and_giving_up_are_those_of_the_hours_in_which_customers_called(whole: Company) -> None:
    live = whole.contacts.channel != CHANNELS.index("email")
    hours, n = np.unique(hour_of_week(whole.contacts.at[live]), return_counts=True)
    expected = np.array([erlang_a(queues(Waits())[hour]) for hour in hours.tolist()])
    waiting, giving_up, mean_wait = (expected * n[:, None]).sum(axis=0) / n.sum()
    wait_s = whole.contacts.wait_s[live]
    assert (wait_s > 0).mean() == pytest.approx(waiting, abs=0.015)
    assert whole.contacts.gave_up[live].mean() == pytest.approx(giving_up, abs=0.012)
    assert wait_s.mean() == pytest.approx(mean_wait, rel=0.06)


def test_first_contacts_settle_as_many_matters_as_their_department_can(whole: Company) -> None:
    contacts = whole.contacts
    first = (contacts.round == 0) & (contacts.issue % 2 == 1) & ~contacts.gave_up
    usual, effects = np.log(CONTACTS.settled_share / (1 - CONTACTS.settled_share)), whole.staff.settles
    hard = CONTACTS.hardness * np.random.default_rng(1).normal(size=100_000)
    expected = [float((1.0 / (1.0 + np.exp(hard - usual - effect))).mean()) for effect in effects]
    assert np.mean(expected) == pytest.approx(CONTACTS.settled_share, abs=0.03)
    for department, chance in enumerate(expected):
        here = first & (contacts.department == department)
        assert contacts.settled[here].mean() == pytest.approx(chance, abs=4 * 0.45 / np.sqrt(here.sum()))


def test_the_unsettled_come_back_after_four_days_on_the_average(whole: Company) -> None:
    contacts = whole.contacts.some(np.argsort(whole.contacts.number))
    again = (np.diff(contacts.number) == 1) & (contacts.round[1:] > 0)
    unsettled = ~contacts.settled[:-1] & ~contacts.gave_up[:-1] & (contacts.round[:-1] == 0)
    unsettled &= contacts.ended[:-1] < whole.span.end - 40 * DAY
    days = (contacts.at[1:] - contacts.ended[:-1])[again & unsettled] / DAY
    # up to a day is added where it is closed
    assert 3.7 < days.mean() < 4.9
    assert share(again & unsettled, unsettled) == pytest.approx(1.0 - CONTACTS.gives_up_share, abs=0.025)


def test_contacts_are_handed_over_promised_and_met_with_delight_as_often_as_said(whole: Company) -> None:
    live = (whole.contacts.channel != CHANNELS.index("email")) & ~whole.contacts.gave_up
    handed = whole.contacts.handed[live] > 0
    assert handed.mean() == pytest.approx(CONTACTS.transferred_share, abs=0.012)
    assert share(whole.contacts.handed == COLD, whole.contacts.handed > 0) == pytest.approx(
        1 - CONTACTS.warm_share, abs=0.05
    )
    moved = whole.contacts.department != whole.contacts.first_department
    assert (moved == (whole.contacts.handed > 0)).all()
    callback = whole.promises.kind == PROMISES.index("callback")
    answered = ~whole.contacts.gave_up
    assert callback.sum() / answered.sum() == pytest.approx(CONTACTS.promised_share, abs=0.015)


def test_promises_are_kept_as_often_as_said(whole: Company) -> None:
    due = (whole.promises.kind == PROMISES.index("callback")) & (whole.promises.due < whole.span.end)
    in_time = due & (whole.promises.settled <= whole.promises.due)
    assert share(in_time, due) == pytest.approx(CONTACTS.kept_share, abs=0.012)
    assert share(in_time & (whole.promises.outcome == 1), in_time) == pytest.approx(CONTACTS.exceeded_share, abs=0.012)
    late = due & ~in_time
    assert (whole.promises.outcome[late] == -1).all()
    assert (whole.promises.settled[whole.promises.settled != NEVER] < whole.span.end).all()


def test_complaints_are_two_in_a_hundred_and_six_in_ten_are_made_good(whole: Company) -> None:
    complaints = count(whole, "complaint.filed")
    assert complaints / (~whole.contacts.gave_up).sum() == pytest.approx(CONTACTS.complaint_share, abs=0.006)
    good, bad = count(whole, "recovery.confirmed"), count(whole, "issue.reopened")
    assert good / (good + bad) == pytest.approx(CONTACTS.recovered_share, abs=0.09)


def test_many_are_without_service_on_the_same_four_days(whole: Company) -> None:
    days, n = np.unique(whole.made["at"][of_kind(whole, "outage")] // DAY, return_counts=True)
    assert days.size == DAILY.outages_a_year
    assert (n / whole.people.n).mean() == pytest.approx(DAILY.outage_share, abs=0.03)
    assert np.diff(days).max() < 180


def test_who_leaves_is_gone_and_most_say_nothing(whole: Company) -> None:
    gone = whole.left.at != NEVER
    assert 0.05 < gone.mean() < 0.25
    assert share(whole.left.silent, gone) == pytest.approx(0.6, abs=0.09)
    assert (whole.made["at"] <= whole.left.at[whole.made["customer"]]).all()
    assert count(whole, "customer.left") + count(whole, "contract.cancelled") == (gone & ~whole.left.silent).sum()


def test_agents_are_sixty_and_fewer_in_a_small_company(whole: Company) -> None:
    assert whole.staff.alpha.size == 60
    assert whole.staff.alpha.std() == pytest.approx(0.2, abs=0.08)
    assert made(customers=200, days=30).staff.alpha.size == 18


def test_two_accounts_are_found_to_be_one_and_wrong_claims_are_withdrawn(whole: Company) -> None:
    found = claims(np.random.default_rng(1), whole)
    second = [one for one in found["other"].to_pylist() if one.startswith("user:9")]
    assert len(second) / whole.people.n == pytest.approx(0.03, abs=0.012)
    wrong = found.filter(pc.is_valid(found["withdrawn_at"])).to_pylist()
    assert 1 <= len(wrong) <= 20
    assert all(row["claimed_at"] <= row["withdrawn_at"] for row in wrong)
    assert all(row["one"] != row["other"] and row["other"].startswith("user:") for row in wrong)


# ---- switches


def routing(company: Company) -> float:
    """Return the correlation between hardness of a matter and seniority of the agent, over first answers."""
    hard = dict(zip(company.issues.number.tolist(), company.issues.hard.tolist(), strict=True))
    alone = (company.contacts.round == 0) & (company.contacts.issue % 2 == 1)
    found = [hard[issue] for issue in company.contacts.issue[alone].tolist()]
    return float(np.corrcoef(found, company.staff.seniority[company.contacts.first_agent[alone]])[0, 1])


def test_hard_matters_reach_senior_agents_when_they_are_routed(whole: Company) -> None:
    assert routing(whole) == pytest.approx(0.3, abs=0.04)
    assert routing(made(Causes(contacts=Contacts(seniority_routing=0.0)), customers=1_500)) == pytest.approx(
        0.0, abs=0.05
    )


def test_with_delta_it_is_the_unhappy_who_ask(whole: Company) -> None:
    def volume(company: Company) -> float:
        asked = np.bincount(company.contacts.customer, minlength=company.people.n)
        return float(np.corrcoef(np.log1p(asked), company.people.u)[0, 1])

    none, strong = (made(Causes(contacts=Contacts(volume=delta)), customers=1_500) for delta in (0.0, 0.8))
    assert volume(none) == pytest.approx(0.0, abs=0.1)
    assert volume(strong) < volume(whole) < volume(none)
    assert volume(strong) < -0.2


def settled(company: Company, which: Flags) -> float:
    return float(company.contacts.settled[which & ~company.contacts.gave_up].mean())


def test_a_planted_gap_is_seen_between_tiers_and_none_where_none_is_planted(whole: Company) -> None:
    def gap(company: Company) -> float:
        basic = company.people.tier[company.contacts.customer] == TIERS.index("basic")
        return settled(company, ~basic) - settled(company, basic)

    assert gap(whole) == pytest.approx(0.0, abs=0.035)
    assert gap(made(Causes(contacts=Contacts(gap=0.15)), customers=3_000)) == pytest.approx(0.15, abs=0.04)


def test_a_planted_practice_is_seen_in_its_team_and_where_it_was_taken_over() -> None:
    practice = Practice("Care", "Leipzig", gain=0.2, adopted_by="Vienna", adopted_days=180.0)
    company = made(Causes(contacts=Contacts(practice=practice)), customers=4_000)
    care = company.contacts.department == DEPARTMENTS.index("Care")
    site = company.staff.site[company.contacts.agent]
    since = company.contacts.at >= company.span.end - 180 * DAY
    leipzig, vienna, hamburg = (care & (site == SITES.index(name)) for name in ("Leipzig", "Vienna", "Hamburg"))
    assert settled(company, leipzig) - settled(company, hamburg) == pytest.approx(0.2, abs=0.06)
    assert settled(company, vienna & since) - settled(company, vienna & ~since) == pytest.approx(0.2, abs=0.07)


def test_without_the_release_no_refund_is_slow() -> None:
    causes = replace(Causes(), release=replace(Causes().release, extra_days=0.0))
    company = made(causes, customers=1_500)
    late_s = company.made["late_s"][of_kind(company, "refund.made")].astype(float)
    assert (late_s > 0).mean() == pytest.approx(0.04, abs=0.02)


def test_bad_luck_off_and_one_tier_alone() -> None:
    company = made(Causes(people=People(luck_sd=0.0, tiers=(1.0, 0.0, 0.0))), customers=300, days=60)
    assert (company.people.luck == 1.0).all()
    assert (company.people.tier == 0).all()


def test_a_blocks_customers_do_not_depend_on_how_many_others_there_are(whole: Company) -> None:
    fewer = made(customers=2_600)
    assert (fewer.people.u[:2_500] == whole.people.u[:2_500]).all()
    other = made(customers=200, days=30, seed=4)
    assert (other.people.u != whole.people.u[:200]).all()
    first, same = (each.made["at"][each.made["customer"].astype(int) < 2_500] for each in (whole, fewer))
    assert np.array_equal(first, same)
