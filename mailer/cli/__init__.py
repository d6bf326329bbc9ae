"""The commands that people type: ``mailer …``."""

from mailer.cli.main import main

__all__ = ["main"]
