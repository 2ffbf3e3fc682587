"""The defects of ``tests/behaviour``, each of which takes one behaviour away, and the cases that miss it."""

from collections.abc import Iterator, Mapping

from behaviour import addressing, limits, lock_step, publishing, taking_turns
from behaviour.stage import BEHAVIOURS

from .mutant import Mutant

FILES = (addressing, limits, lock_step, publishing, taking_turns)
"""Imported, since importing them is what lists their behaviours."""

SEEN: Mapping[str, tuple[str, ...]] = {
    "router_sends_to_whom_the_first_part_names": ("router/1/1",),
    "router_says_from_whom_a_message_is": ("router/7/1",),
    "router_gives_an_id_to_who_brings_none": ("router/8/1",),
    "a_mandatory_router_says_that_nobody_is_there": ("router/2/1",),
    "another_router_drops_the_message_and_goes_on": ("router/4/1",),
    "a_mandatory_router_says_that_a_peer_is_full": ("router/3/1",),
    "a_routing_id_stays_with_who_has_it": ("router/9/1", "router/9/2"),
    "a_routing_id_is_handed_over_where_that_is_asked_for": ("router/10/1",),
    "push_does_not_talk_to_push": ("type/1/2",),
    "a_type_that_does_not_exist_is_refused": ("wire/28/3",),
    "sndhwm_counts_messages": ("pipe/6/1",),
    "rcvhwm_stops_the_reader": ("receive/5/1",),
    "a_conflating_pull_keeps_the_newest": ("conflate/2/1",),
    "a_conflating_push_keeps_the_newest": ("conflate/1/1",),
    "an_immediate_push_gives_nothing_to_a_pipe_without_a_peer": ("pipe/8/1",),
    "push_waits_for_a_peer": ("turn/6/1", "turn/6/2"),
    "pub_waits_for_nobody": ("pub/1/7",),
    "req_sends_no_second_request_before_the_reply": ("req/2/1",),
    "req_receives_nothing_before_a_request": ("req/2/4",),
    "rep_sends_nothing_before_a_request": ("rep/3/1",),
    "rep_receives_nothing_before_its_reply": ("rep/3/2",),
    "a_request_stands_behind_a_delimiter": ("req/1/1",),
    "req_takes_the_reply_of_who_was_asked_only": ("req/6/1",),
    "a_relaxed_req_may_ask_again": ("req/9/1",),
    "a_correlating_req_takes_the_reply_with_its_id_only": ("req/5/2",),
    "a_reply_stands_behind_the_envelope_of_its_request": ("rep/4/1", "rep/4/2"),
    "rep_takes_no_request_without_a_delimiter": ("rep/2/1",),
    "a_reply_goes_to_who_asked": ("rep/4/3",),
    "pub_sends_what_was_subscribed_to": ("pub/1/1",),
    "the_empty_topic_matches_everything": ("pub/1/2",),
    "subscriptions_are_counted": ("pub/8/1",),
    "xpub_shows_each_subscription_once": ("pub/8/4",),
    "a_verbose_xpub_shows_each_subscription": ("pub/7/2",),
    "xpub_shows_the_end_of_a_subscription": ("pub/7/1", "pub/9/2"),
    "a_subscription_ends_with_its_connection": ("pub/9/3",),
    "xpub_shows_the_end_when_its_subscriber_is_away": ("pub/9/4",),
    "sub_delivers_only_what_it_subscribed_to": ("sub/5/1",),
    "sub_tells_a_publisher_that_comes_later": ("sub/7/1", "sub/7/2"),
    "xsub_subscribes_by_a_message": ("wire/21/5",),
    "an_xpub_that_drops_nothing_waits_for_all": ("pub/4/1",),
    "push_goes_round": ("turn/1/1",),
    "dealer_goes_round": ("turn/1/2",),
    "req_asks_each_in_turn": ("turn/1/3",),
    "a_dropped_message_takes_no_turn": ("turn/3/1",),
    "pull_hears_all_peers_in_turn": ("turn/1/4",),
    "dealer_hears_all_peers_in_turn": ("turn/1/5",),
    "router_hears_all_peers_in_turn": ("turn/1/6",),
    "pair_refuses_a_second_peer": ("pair/2/1", "pair/2/2"),
}


def _mutants() -> Iterator[Mutant]:
    patches = {behaviour.name: behaviour.patches for behaviour in BEHAVIOURS}
    for name, seen in SEEN.items():
        words = name.replace("_", " ")
        yield Mutant(f"not: {words}", f"It is not so that {words}.", patches[name], seen)


MUTANTS = tuple(_mutants())
