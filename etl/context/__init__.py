"""What the organisation knows of itself: address ranges, people and their groups, and whom the reports leave out.

`load()` reads the `[context]` section and the files that it names; `Context.write()` puts what models read into the lake.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:  # etl.settings mounts etl.context.settings: nothing of the project is imported here at run time
    from etl.context.datasets import Context
    from etl.settings import Settings

__all__ = ["load"]


def load(settings: Settings) -> Context:
    """The organisation's context. Raises ContextError when the file of users cannot be used, or a group has no member."""
    from etl.context.datasets import Context
    from etl.context.directory import read_directory
    from etl.context.exclusions import resolve

    section, domains = settings.context, settings.organisation.user_domains
    people = read_directory(section.users, settings.home, domains)
    return Context(section.ip_ranges, people, resolve(section.exclusions, people, domains))
