"""The tables, one module per noun, and the transition tables of those that have a state."""

from mailer.model.base import Base
from mailer.model.campaign import Campaign, CampaignState, Count, Reason
from mailer.model.delivery import Attempt, Delivery, DeliveryState, Recipient
from mailer.model.edition import (
    Acknowledgement,
    Block,
    Edition,
    EditionImage,
    EditionState,
    Fallback,
    Image,
    Layout,
    Text,
    Variant,
    Version,
)
from mailer.model.event import Event, EventKind, Suppression
from mailer.model.exchange import Exchange
from mailer.model.installation import Installation
from mailer.model.newsletter import Images, Newsletter, Term, Topic
from mailer.model.route import Route
from mailer.model.staff import AuditEntry, Staff
from mailer.model.subscriber import Subscriber, SubscriberState, Subscription, SubscriptionState
from mailer.model.throttle import ConnectionLease, Departure, Limit, ThrottleState

__all__ = [
    "Acknowledgement",
    "Attempt",
    "AuditEntry",
    "Base",
    "Block",
    "Campaign",
    "CampaignState",
    "ConnectionLease",
    "Count",
    "Delivery",
    "DeliveryState",
    "Departure",
    "Edition",
    "EditionImage",
    "EditionState",
    "Event",
    "EventKind",
    "Exchange",
    "Fallback",
    "Image",
    "Images",
    "Installation",
    "Layout",
    "Limit",
    "Newsletter",
    "Reason",
    "Recipient",
    "Route",
    "Staff",
    "Subscriber",
    "SubscriberState",
    "Subscription",
    "SubscriptionState",
    "Suppression",
    "Term",
    "Text",
    "ThrottleState",
    "Topic",
    "Variant",
    "Version",
]
