"""The invented organisation: its apps, other hosts, sources and people, and values that mean harm."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

LAST_DAY = date(2026, 11, 19)
HOSTILE_HOST = "<script>alert(1)</script>.example.net"
HOSTILE_USER = "=cmd()|' /c calc'!a0"
HOSTILE_SOURCE = '"><img src=x onerror=alert(2)>'
HOSTILE_RAW = '=HYPERLINK("x") <script>alert(4)</script> 1970-01-01 TCP_MISS/200'
PEOPLE = ["anna.schmidt", "bob.okafor", "carla.rossi", "dan.levi", "eva.novak", "finn.berg", "gita.rao", "hugo.leroy"]


@dataclass(frozen=True)
class App:
    """An app of the invented catalog. `score`: ten is safe; None unknown."""

    app_id: str
    name: str
    vendor: str
    category: str
    country: str | None
    score: float | None
    tag: str | None
    host: str

    @property
    def band(self) -> str:
        if self.score is None:
            return "unknown"
        return "low" if self.score >= 8 else "medium" if self.score >= 5 else "high"


@dataclass(frozen=True)
class Source:
    """What a source knows, and its share of the devices."""

    kind: str
    log_format: str
    knows_uploads: bool
    knows_downloads: bool
    knows_users: bool
    share: int


APPS = [
    App(
        "microsoft-teams",
        "Microsoft Teams",
        "Microsoft",
        "Collaboration",
        "US",
        9.4,
        "sanctioned",
        "teams.microsoft.com",
    ),
    App(
        "sharepoint", "SharePoint Online", "Microsoft", "Collaboration", "US", 9.3, "sanctioned", "acme.sharepoint.com"
    ),
    App("exchange", "Exchange Online", "Microsoft", "Webmail", "US", 9.3, "sanctioned", "outlook.office365.com"),
    App("slack", "Slack", "Salesforce", "Messaging", "US", 8.8, None, "app.slack.com"),
    App("zoom", "Zoom", "Zoom Communications", "Online meetings", "US", 8.2, None, "us02web.zoom.us"),
    App("dropbox", "Dropbox", "Dropbox", "Cloud storage", "US", 7.9, "unsanctioned", "www.dropbox.com"),
    App("google-drive", "Google Drive", "Google", "Cloud storage", "US", 8.7, None, "drive.google.com"),
    App("mega", "MEGA", "Mega Limited", "Cloud storage", "NZ", 4.1, None, "mega.nz"),
    App("wetransfer", "WeTransfer", "Bending Spoons", "File transfer", "NL", 5.2, None, "wetransfer.com"),
    App("chatgpt", "ChatGPT", "OpenAI", "Generative AI", "US", 6.9, "monitored", "chatgpt.com"),
    App("claude", "Claude", "Anthropic", "Generative AI", "US", 7.4, None, "claude.ai"),
    App("deepseek", "DeepSeek", "DeepSeek", "Generative AI", "CN", 2.6, None, "chat.deepseek.com"),
    App("github", "GitHub", "Microsoft", "Code hosting", "US", 9.0, "sanctioned", "github.com"),
    App("gitlab", "GitLab", "GitLab", "Code hosting", "US", 8.6, None, "gitlab.com"),
    App("protonvpn", "Proton VPN", "Proton", "VPN and anonymisers", "CH", 5.0, None, "vpn-api.proton.me"),
    App("tor", "Tor", "The Tor Project", "VPN and anonymisers", "US", 1.8, None, "bridges.torproject.org"),
    App("teamviewer", "TeamViewer", "TeamViewer", "Remote access", "DE", 6.1, None, "master15.teamviewer.com"),
    App("anydesk", "AnyDesk", "AnyDesk", "Remote access", "DE", 4.6, None, "relay-1.net.anydesk.com"),
    App("salesforce", "Salesforce", "Salesforce", "CRM", "US", 9.1, "sanctioned", "eu12.salesforce.com"),
    App("hubspot", "HubSpot", "HubSpot", "CRM", "US", 8.0, None, "app.hubspot.com"),
    App("personio", "Personio", "Personio", "Human resources", "DE", 8.3, None, "acme.personio.de"),
    App("docusign", "DocuSign", "DocuSign", "E-signature", "US", 8.9, None, "eu.docusign.net"),
    App("trello", "Trello", "Atlassian", "Project management", "AU", 8.1, None, "trello.com"),
    App("notion", "Notion", "Notion Labs", "Productivity", "US", 7.2, None, "www.notion.so"),
    App("canva", "Canva", "Canva", "Design", "AU", 7.0, None, "www.canva.com"),
    App("deepl", "DeepL", "DeepL", "Translation", "DE", 7.6, None, "www.deepl.com"),
    App("youtube", "YouTube", "Google", "Media streaming", "US", 7.8, None, "www.youtube.com"),
    App("spotify", "Spotify", "Spotify", "Media streaming", "SE", 7.1, None, "api.spotify.com"),
    App("whatsapp", "WhatsApp", "Meta", "Messaging", "US", 6.4, None, "web.whatsapp.com"),
    App("telegram", "Telegram", "Telegram", "Messaging", "AE", 4.4, None, "web.telegram.org"),
    App("pastebin", "Pastebin", "Pastebin", "Text sharing", None, None, None, "pastebin.com"),
    App("yandex-disk", "Yandex Disk", "Yandex", "Cloud storage", "RU", 3.0, None, "disk.yandex.com"),
]
TRAITS = {
    "Cloud storage": "personal_storage file_sharing",
    "File transfer": "file_sharing anonymous_use",
    "Generative AI": "generative_ai",
    "VPN and anonymisers": "anonymiser",
    "Remote access": "remote_access",
    "Webmail": "webmail",
    "Text sharing": "paste",
}
RARE = {"tor", "deepseek", "protonvpn", "mega"}  # only the planted incidents use them
NOT_AN_APP = {
    "not_an_app:windowsupdate.com": "download.windowsupdate.com",
    "not_an_app:doubleclick.net": "ad.doubleclick.net",
    "not_an_app:akamaiedge.net": "e1234.a.akamaiedge.net",
    "not_an_app:digicert.com": "ocsp.digicert.com",
}
SOURCES = {
    "endpoints": Source("endpoint", "endpoint_chunk", False, False, True, 30),
    "proxy-hamburg": Source("proxy", "bluecoat_proxysg", True, True, True, 28),
    "proxy-lisbon": Source("proxy", "squid_native", False, True, True, 18),
    "zscaler-roaming": Source("proxy", "zscaler_nss_web", True, True, True, 16),
    "branch-firewall": Source("proxy", "fortigate", True, True, False, 8),
}
OTHER_SOURCE = Source("proxy", "squid_native", False, True, True, 1)
