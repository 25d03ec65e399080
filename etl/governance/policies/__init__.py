"""Policies: conditions on a day's use of apps that somebody wants to hear about.

A policy is data: `settings` says what one looks like, `rows` turns the configured ones into the tables that the models
int_policy_candidates_daily and fct_policy_matches read. No condition ever becomes SQL text. docs/policies.md is the guide.
"""
