"""Figures for staff and operators."""
