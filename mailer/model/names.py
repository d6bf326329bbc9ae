"""What states and providers are called, on pages and in commands."""

from mailer.i18n import N_

STATES = {
    "draft": N_("Draft"),
    "scheduled": N_("Scheduled"),
    "held": N_("Held"),
    "expanding": N_("Preparing"),
    "sending": N_("Sending"),
    "paused": N_("Paused"),
    "finished": N_("Finished"),
    "cancelled": N_("Cancelled"),
    "pending": N_("Waiting"),
    "sent": N_("Sent"),
    "deferred": N_("Deferred"),
    "failed": N_("Failed"),
    "uncertain": N_("Uncertain"),
    "suppressed": N_("Suppressed"),
}

PROVIDERS = {
    "gmail": "Gmail",
    "outlook": "Outlook",
    "yahoo": "Yahoo",
    "icloud": "iCloud",
    "qq": "QQ",
    "netease": N_("NetEase (163, 126)"),
    "hinet": N_("HiNet (Chunghwa Telecom)"),
    "other": N_("Others"),
}
