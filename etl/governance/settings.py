"""The `[governance]` section of the configuration. Imports nothing of the project, so that `etl.settings` can mount it."""

from __future__ import annotations

from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field

# Without these nobody signs in any more, or the tools that would undo the mistake are out of reach.
IDENTITY_AND_ADMINISTRATION = (
    "auth0",
    "duo",
    "entra_id",
    "okta",
    "onelogin",
    "accounts.google.com",
    "admin.google.com",
    "appleid.apple.com",
    "idmsa.apple.com",
    "pingidentity.com",
    "pingone.com",
    "jumpcloud.com",
    "login.windows.net",
    "device.login.microsoftonline.com",
    "security.microsoft.com",
    "intune.microsoft.com",
    "manage.microsoft.com",
    "support.microsoft.com",
)


class GovernanceSettings(BaseModel):
    """Where decisions are kept, and how long a block takes to arrive on the devices."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    folder: Path = Path("governance")
    propagation_hours: float = Field(2.0, ge=0, le=24 * 7)
    never_block: tuple[str, ...] = IDENTITY_AND_ADMINISTRATION
