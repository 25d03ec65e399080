"""What the shipped catalog holds: its size, its vendors' labels, hosts that must not be taken for something else."""

from __future__ import annotations

import pytest

from etl import catalog
from etl.settings import Settings

CATALOG = catalog.load(Settings())


def test_size() -> None:
    """The catalog is at least as large as the product promises."""
    stats = CATALOG.stats()
    assert stats["apps"] >= 2000 and stats["domains"] >= 6000
    assert stats["not_an_app_domains"] >= 1200 and stats["vendor_labels"] >= 250


@pytest.mark.parametrize(
    ("label", "app_id"),
    [
        ("ms-onedrive-uploading", "onedrive"),
        ("gmail-base", "gmail"),
        ("sharepoint-online", "sharepoint"),
        ("Microsoft.Portal", "microsoft_web"),
        ("Google.Drive_File.Upload", "google_drive"),
        ("SHAREPOINTONLINE", "sharepoint"),
        ("GOOGLE_WEBMAIL", "gmail"),
        ("WhatsApp Messenger-web", "whatsapp"),
        ("Microsoft Office 365 OneDrive for Business", "onedrive_business"),
        ("Office 365 SharePoint", "sharepoint"),
    ],
)
def test_vendor_label(label: str, app_id: str) -> None:
    """Labels of PAN-OS, FortiGate, Zscaler, Check Point, Netskope and Cisco, in any case, name their app."""
    assert CATALOG.hints.get(label.lower()) == app_id


@pytest.mark.parametrize(
    ("host", "app_id"),
    [
        ("scontent-fra3-1.cdninstagram.com", "instagram"),
        ("scontent.xx.fbcdn.net", "facebook"),
        ("pbs.twimg.com", "x_twitter"),
        ("media.licdn.com", "linkedin"),
        ("i.ytimg.com", "youtube"),
        ("acme.my.salesforce.com", "salesforce"),
        ("acme.taleo.net", "oracle_taleo"),
        ("www.amazon.co.jp", "amazon"),
        ("finance.yahoo.com", "yahoo_finance"),
        ("www.scratch.mit.edu", "scratch"),
        ("web.mit.edu", "mit"),
    ],
)
def test_host_of_an_app(host: str, app_id: str) -> None:
    """Content and interface domains belong to their app, parts of a suite to the part."""
    found = CATALOG.lookup(host).app
    assert found is not None and found.app_id == app_id


@pytest.mark.parametrize(
    ("host", "purpose"),
    [
        ("e1234.dscb.akamaiedge.net", "infrastructure"),
        ("au.download.windowsupdate.com", "update"),
        ("stats.g.doubleclick.net", "advertising"),
        ("ib.adnxs.com", "advertising"),
        ("ocsp.sectigo.com", "certificate"),
        ("alt3-mtalk.google.com", "push"),
        ("time.nist.gov", "time"),
        ("pixel.facebook.com", "tracking"),
    ],
)
def test_host_that_is_no_app(host: str, purpose: str) -> None:
    """Shared and background hosts are not apps, even beneath an app's domain."""
    found = CATALOG.lookup(host)
    assert found.app is None and purpose in str(found)
