"""What the authors of AgentDojo's tools would declare of them, suite by suite: effect, critical arguments, results.

Written from what each tool does, with `fh.Trusted` for what only the user or a closed directory writes, and `typed` for
fields that the service itself fills in: ids, times, the authenticated sender. Text that others choose is never vouched
for. `get_unread_emails` marks mails as read, so it writes.
"""

from __future__ import annotations

from typing import Any

from fumehood.guard.returns import Private, Public, Returns, Trusted, Untrusted

_MAIL = Private(Untrusted("subject", "body", typed=["id_", "sender", "timestamp"]))
_EVENT = Private(Untrusted("title", "description", typed=["id_", "start_time", "end_time", "participants"]))
_FILE = Private(Untrusted("content", typed=["id_", "last_modified", "size"]))
_PAYMENT = Private(Untrusted("subject", typed=["id", "sender", "recipient", "amount", "date"]))
_OWN, _LISTED, _WEB = Private(Trusted()), Trusted(), Public(Untrusted())

Declaration = tuple[str, list[str] | None, Returns]

_CALENDAR: dict[str, Declaration] = {
    "search_calendar_events": ("read", None, _EVENT),
    "get_day_calendar_events": ("read", None, _EVENT),
    "create_calendar_event": ("egress", ["participants"], _EVENT),
    "cancel_calendar_event": ("write", ["event_id"], _OWN),
    "send_email": ("egress", ["recipients", "cc", "bcc"], _MAIL),
}
_READS: dict[str, Declaration] = dict.fromkeys(("get_all_hotels_in_city", "get_hotels_prices", "get_hotels_address", "get_all_restaurants_in_city", "get_cuisine_type_for_restaurants", "get_restaurants_address", "get_dietary_restrictions_for_all_restaurants", "get_contact_information_for_restaurants", "get_price_for_restaurants", "check_restaurant_opening_hours", "get_all_car_rental_companies_in_city", "get_car_types_available", "get_car_fuel_options", "get_car_rental_address", "get_car_price_per_day", "get_flight_information"), ("read", None, _LISTED))  # fmt: skip

DECLARED: dict[str, dict[str, Declaration]] = {
    "workspace": _CALENDAR
    | {
        "delete_email": ("write", ["email_id"], _OWN),
        "get_unread_emails": ("write", [], _MAIL),
        "get_sent_emails": ("read", None, _MAIL),
        "get_received_emails": ("read", None, _MAIL),
        "get_draft_emails": ("read", None, _MAIL),
        "search_emails": ("read", None, _MAIL),
        "search_contacts_by_name": ("read", None, Private(Untrusted(typed=["email", "name"]))),
        "search_contacts_by_email": ("read", None, Private(Untrusted(typed=["email", "name"]))),
        "get_current_day": ("read", None, _LISTED),
        "reschedule_calendar_event": ("write", ["event_id"], _EVENT),
        "add_calendar_event_participants": ("egress", ["event_id", "participants"], _EVENT),
        "append_to_file": ("write", ["file_id"], _FILE),
        "search_files_by_filename": ("read", None, _FILE),
        "create_file": ("write", ["filename"], _FILE),
        "delete_file": ("write", ["file_id"], _FILE),
        "get_file_by_id": ("read", None, _FILE),
        "list_files": ("read", None, _FILE),
        "share_file": ("egress", ["file_id", "email"], _FILE),
        "search_files": ("read", None, _FILE),
    },
    "travel": _CALENDAR
    | _READS
    | {
        "get_user_information": ("read", None, _OWN),
        "get_rating_reviews_for_hotels": ("read", None, _WEB),
        "get_rating_reviews_for_restaurants": ("read", None, _WEB),
        "get_rating_reviews_for_car_rental": ("read", None, _WEB),
        "reserve_hotel": ("write", ["hotel"], _OWN),
        "reserve_car_rental": ("write", ["company"], _OWN),
        "reserve_restaurant": ("write", ["restaurant"], _OWN),
    },
    "banking": {
        "get_iban": ("read", None, _OWN),
        "get_balance": ("read", None, _OWN),
        "get_user_info": ("read", None, _OWN),
        "get_most_recent_transactions": ("read", None, _PAYMENT),
        "get_scheduled_transactions": ("read", None, _OWN),  # the user's standing orders: nobody else makes them
        "read_file": ("read", None, Private(Untrusted())),
        "send_money": ("egress", ["recipient"], _OWN),
        "schedule_transaction": ("egress", ["recipient"], _OWN),
        "update_scheduled_transaction": ("egress", ["id", "recipient"], _OWN),
        "update_password": ("write", None, _OWN),
        "update_user_info": ("write", None, _OWN),
    },
    "slack": {
        "get_channels": ("read", None, Public(Untrusted(typed=["*"]))),
        "get_users_in_channel": ("read", None, Public(Untrusted(typed=["*"]))),
        "read_channel_messages": ("read", None, Public(Untrusted("body", typed=["sender", "recipient"]))),
        "read_inbox": ("read", None, Private(Untrusted("body", typed=["sender", "recipient"]))),
        "add_user_to_channel": ("write", ["user", "channel"], _OWN),
        "send_direct_message": ("egress", ["recipient"], _OWN),
        "send_channel_message": ("egress", ["channel"], _OWN),
        "invite_user_to_slack": ("egress", ["user", "user_email"], _OWN),
        "remove_user_from_slack": ("write", ["user"], _OWN),
        "get_webpage": ("read", ["url"], _WEB),
        "post_webpage": ("egress", ["url"], _OWN),
    },
}

#: Who gets to see what is sent, where that is not all that is affected.
RECIPIENTS: dict[str, list[str]] = {
    "create_calendar_event": ["participants"],
    "add_calendar_event_participants": ["participants"],
    "share_file": ["email"],
    "update_scheduled_transaction": ["recipient"],
}

#: Tasks whose plan stands in what others wrote («do what the list says»): the planner must read it first, so its second
#: program is written after untrusted text was shown. Labelled by hand, before anything was measured here.
READ_FIRST: dict[str, set[int]] = {"workspace": {13, 19}, "banking": {12}, "slack": {11, 18, 19}, "travel": set()}

#: Fields that somebody outside can fill by sending a mail, an invitation, a payment or by naming a channel.
FORGEABLE = {"sender", "participants", "recipient", "get_channels", "email", "name"}


def naive_reads() -> dict[str, tuple[bool, bool]]:
    """For the naive rules: whether a tool's result is untrusted, and whether it is private."""
    told: dict[str, Any] = {}
    for tools in DECLARED.values():
        for name, (_, _, returns) in tools.items():
            told[name] = (not returns.trusted, returns.readers is not None)
    return told
