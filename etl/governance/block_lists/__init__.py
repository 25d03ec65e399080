"""Block lists: the domains of unsanctioned apps, exactly as a device takes them.

One TOML file a device says how its list is written: comment style, header, line, footer, and the document that this comes from. Python is
only where a syntax needs it: `mde` (CSV in parts). `docs/governance.md` lists the devices.
"""

from __future__ import annotations

from etl.governance.block_lists.devices import Device, devices
from etl.governance.block_lists.entries import Blocked, Blocking, blocking
from etl.governance.block_lists.render import BlockList, block_list
from etl.governance.block_lists.saving import only_text, save

__all__ = ["BlockList", "Blocked", "Blocking", "Device", "block_list", "blocking", "devices", "only_text", "save"]
