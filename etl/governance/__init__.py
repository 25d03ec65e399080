"""Governance: what people decided about apps (tags), and what devices are told to do about it (block lists).

Read `tags` first: the log of decisions that everything else follows from. docs/governance.md is the guide for users.
"""
