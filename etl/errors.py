"""The errors of Cloud Discovery: one small tree. A message says what was found, what was expected and what to do."""

from __future__ import annotations


class CloudDiscoveryError(Exception):
    """Anything this project refuses on purpose. The command line prints the message and exits with 1."""


class SettingsError(CloudDiscoveryError):
    """The configuration cannot be used. Names the key, the value found and the values allowed."""


class FormatError(CloudDiscoveryError):
    """A `format.toml` is wrong (not: a log line is wrong; that is a reject)."""


class CatalogError(CloudDiscoveryError):
    """The app catalog is wrong: a duplicate domain, an unknown category, a fact without source."""


class ContextError(CloudDiscoveryError):
    """The file of users or an exclusion cannot be used."""


class GovernanceError(CloudDiscoveryError):
    """A tag, the log of tags, or a block list cannot be read or written."""


class ModelError(CloudDiscoveryError):
    """A model's SQL or header is wrong, or the engine refused it."""


class CheckFailed(CloudDiscoveryError):
    """A check with severity *fail* found rows. The night stops before it publishes a wrong number."""


class WarehouseError(CloudDiscoveryError):
    """The warehouse cannot be reached, read or written."""


class ReportError(CloudDiscoveryError):
    """A report cannot be rendered or sent."""


class QuarantineError(CloudDiscoveryError):
    """A drop cannot be taken in as a whole. `reason` is the code of DESIGN 3.3; the message is for a person."""

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason
