"""Imports: each source's layout is read, hostile content is bounded, what changed is told, and ours wins."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from etl import catalog
from etl.catalog import importing
from etl.catalog.importing import folder, reading
from etl.catalog.importing.gathered import Gathered, Service, domain_of, is_like, name_of
from etl.cli import app as program
from etl.errors import CatalogError
from etl.governance import tags
from etl.settings import Settings

SOURCES = Path(__file__).resolve().parents[3] / "shared" / "catalog-sources"
NAMES = {"shadowai": "shadowai-domains", "misp": "misp-warninglists"}


def write(root: Path, files: dict[str, Any]) -> Path:
    for name, content in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
    return root


def rows(kind: str, root: Path) -> dict[str, list[tuple[str, ...]]]:
    return {name: found for name, found in folder.rows_of(importing.read(kind, root)).items() if found}


def test_twofactorauth(tmp_path: Path) -> None:
    """Second factors become one value; without any the service offers none; one that we do not know says nothing."""
    entries = {
        "entries/e/example.com.json": {
            "Example": {
                "domain": "example.com",
                "additional-domains": ["example.org", "co.uk", 7],
                "tfa": ["sms", "custom-software", "u2f"],
                "categories": ["developer"],
            }
        },
        "entries/n/none.example.json": {"None": {"domain": "none.example", "categories": "remote"}},
        "entries/o/odd.example.json": {"Odd": {"domain": "odd.example", "tfa": ["pigeon"], "categories": ["birds"]}},
        "entries/b/broken.json": "{",
    }
    found = rows("twofactorauth", write(tmp_path, entries))
    assert found["apps"] == [
        ("example", "Example", "", "Development tools", "", "example.com example.org", "2fa.directory"),
        ("none", "None", "", "IT services", "remote_access", "none.example", "2fa.directory"),
        ("odd", "Odd", "", "", "", "odd.example", "2fa.directory"),
    ]
    assert found["facts"] == [
        ("example", "mfa", "sms+software+u2f", "2fa.directory"),
        ("none", "mfa", "none", "2fa.directory"),
    ]


def test_passkeys(tmp_path: Path) -> None:
    """The file's name is the domain; signing in without a password is told before a second factor."""
    entries = {
        "entries/a/a.example.json": {"A": {"mfa": "allowed", "passwordless": "required", "categories": "banking"}},
        "entries/b/b.example.json": {"B": {"mfa": "allowed"}},
    }
    found = rows("passkeys", write(tmp_path, entries))
    assert [row[5] for row in found["apps"]] == ["a.example", "b.example"]
    assert [row[2] for row in found["facts"]] == ["passwordless", "mfa"]


def test_v2fly(tmp_path: Path) -> None:
    """Own rules are a service, includes name vendor and category, @ads is no app, patterns and attributes claim nothing."""
    lists = {
        "data/big-corp": "# a comment\ninclude:helper\ninclude:other @cn\nbig-corp.example # inline\n"
        "full:www.big-corp.example\nads.big-corp.example @ads\nregexp:^a+$\nkeyword:big\n",
        "data/helper": "domain:static.example.net\nhelper.example @cn &odd\n",
        "data/other": "other.example\n",
        "data/category-ai-cn": "include:helper\ninclude:category-ai-loop\nchat.example\n",
        "data/category-ai-loop": "include:category-ai-cn\ninclude:missing\n",
        "data/category-ru": "someone.example\n",
        "data/category-ads": "banner.example\n",
        "data/geolocation-cn": "country.example\n",
    }
    found = rows("v2fly", write(tmp_path, lists))
    assert found["apps"] == [
        ("big_corp", "Big Corp", "", "", "", "big-corp.example", "v2fly"),
        ("chat_example", "chat.example", "", "Generative AI", "generative_ai", "chat.example", "v2fly"),
        (
            "helper",
            "Helper",
            "Big Corp",
            "Generative AI",
            "generative_ai",
            "helper.example static.example.net",
            "v2fly",
        ),
        ("other", "Other", "", "", "", "other.example", "v2fly"),
    ]
    assert [row[:2] for row in found["not_apps"]] == [
        ("ads.big-corp.example", "advertising"),
        ("banner.example", "advertising"),
    ]


def test_ssotax(tmp_path: Path) -> None:
    """A vendor's single sign-on exists and costs extra."""
    text = "---\nname: Acme\nvendor_url: https://www.acme.example/plans\nsso_pricing: $9\nupdated_at: 2019-99-99\n"
    found = rows(
        "ssotax", write(tmp_path, {"_vendors/acme.yaml": text, "_vendors/bad.yaml": "a: [", "_vendors/c.yml": "[]"})
    )
    assert found["apps"] == [("acme", "Acme", "", "", "", "acme.example", "ssotax")]
    assert [row[1:3] for row in found["facts"]] == [("saml", "yes"), ("sso_cost", "extra")]


def test_lolrmm(tmp_path: Path) -> None:
    """A tool's own domains are those that look like its name; clouds that it uses stay with whoever has them."""
    text = """
Name: FarDesk
Details: {Website: 'https://fardesk.example/en'}
Artifacts:
  Network:
    - Domains: ['*.fardesk.net', 'relay-[a-f]{8}.fardesk.net:443', user_managed, '*.amazonaws.com', 'boot.net.fardesk.net']
"""
    found = rows("lolrmm", write(tmp_path, {"yaml/fardesk.yaml": text, "yaml/none.yaml": "Name: None\n"}))
    assert found["apps"] == [
        ("fardesk", "FarDesk", "", "IT services", "remote_access", "fardesk.example fardesk.net", "lolrmm")
    ]


def test_shadowai(tmp_path: Path) -> None:
    """Models are generative AI; software with such features keeps its category and gets no trait."""
    text = (
        "Domain,Category,Subcategory,Country,Notes\n*.acmeai.example,Frontier / Consumer,AcmeAI,USA,main\n"
        "*.crm.example,SaaS / Enterprise,CRM / Sales,Atlantis,\nx.*.example.com,Cloud,X,USA,\n"
    )
    found = rows("shadowai", write(tmp_path, {"llms.csv": text, "other.csv": "a,b\n1,2\n"}))
    assert [row[:5] for row in found["apps"]] == [
        ("acmeai", "AcmeAI", "AcmeAI", "Generative AI", "generative_ai"),
        ("crm_example", "crm.example", "", "CRM", ""),
    ]
    assert found["facts"] == [("acmeai", "headquarters", "US", "shadowai")]


def test_hibp(tmp_path: Path) -> None:
    """Breaches with a date and a domain; fabricated and unverified ones are left out, a count that is none is unknown."""
    good = {
        "Name": "A",
        "Title": "Acme",
        "Domain": "acme.example",
        "BreachDate": "2020-02-29",
        "PwnCount": 12,
        "IsVerified": True,
    }
    breaches = [
        good,
        {**good, "BreachDate": "2021-01-01", "PwnCount": -1},
        {**good, "Domain": "fake.example", "IsFabricated": True},
        {**good, "Domain": "guess.example", "IsVerified": False},
        {**good, "Domain": ""},
        {**good, "BreachDate": "2021-02-30"},
        7,
    ]
    found = rows("hibp", write(tmp_path, {"breaches.json": breaches}))
    assert [row[0] for row in found["apps"]] == ["acme"]
    assert found["breaches"] == [("acme", "2020-02-29", "12", "hibp"), ("acme", "2021-01-01", "", "hibp")]


def test_misp(tmp_path: Path) -> None:
    """Lists say what their domains are; ranges belong to Azure; private and too wide ones are refused."""
    lists = {
        "lists/url-shortener/list.json": {"list": ["s.example", ".t.example"]},
        "lists/lots-project/list.json": {"list": [".publish.example"]},
        "lists/dynamic-dns/list.json": {"list": [f"d{number}.example" for number in range(60)]},
        "lists/microsoft-azure/list.json": {"list": ["20.33.0.0/16", "10.0.0.0/8", "0.0.0.0/0", "20.33.0.1/16", "x"]},
        "lists/unknown/list.json": {"list": ["u.example"]},
    }
    found = rows("misp", write(tmp_path, lists))
    assert found["ranges"] == [("20.33.0.0/16", "microsoft_azure", "", "misp:azure")]
    assert (
        "s_example",
        "s.example",
        "",
        "Content sharing",
        "link_shortener",
        "s.example",
        "misp:url-shortener",
    ) in found["apps"]
    assert ("publish_example", "user_published", "yes", "misp:lots") in found["facts"]
    assert len(found["domains"]) == 10 and {row[0] for row in found["domains"]} == {"dynamic_dns"}
    assert "u.example" not in str(found)


def test_mdca(tmp_path: Path, settings: Settings) -> None:
    """Scores, categories and tags of another product are laid over ours, found by domain or name; the rest is left out."""
    text = (
        "App,Risk score,Category,Tags,Domains\nDropbox,3.5,Cloud storage,Unsanctioned;My Tag,\n"
        "Renamed Box,11,cloud-storage,,box.com\nNobody,5,,,\n,1,,,\n"
    )
    write(tmp_path, {"apps.csv": text})
    importing.run(settings, "mdca", tmp_path / "apps.csv")
    found = catalog.load(settings)
    score = found.lookup("dropbox.com").score
    assert score is not None and score.value == 3.5
    assert found.entries.overrides["dropbox"].tags == ("my_tag", "unsanctioned")
    assert found.entries.overrides["box"].category == "Cloud storage"
    assert "nobody" not in found.apps
    held = tags.current(settings)
    assert (held["dropbox"].tag, held["dropbox"].labels, held["dropbox"].via) == ("unsanctioned", ("my_tag",), "import")
    assert importing.run(settings, "mdca", tmp_path / "apps.csv").tagged == 0
    tags.append(settings, [tags.Entry("dropbox", "sanctioned", "alice")])
    assert importing.run(settings, "mdca", tmp_path / "apps.csv").tagged == 0
    assert tags.current(settings)["dropbox"].tag == "sanctioned"


@pytest.mark.parametrize("kind", list(importing.KINDS))
def test_path_without_the_layout_is_refused(tmp_path: Path, kind: str) -> None:
    """A wrong folder, and none, are named with what was expected."""
    write(tmp_path, {"readme.md": "nothing", "other.csv": "a,b\n1,2\n", "odd.json": "[1]"})
    for path in (tmp_path, tmp_path / "missing"):
        with pytest.raises(CatalogError, match=r"found (nothing|a folder without).*; expected .*\. Give the folder"):
            importing.read(kind, path)


def test_unknown_kind_is_refused(tmp_path: Path) -> None:
    """The kinds that there are stand in the message."""
    with pytest.raises(CatalogError, match="found the kind 'x'; expected one of twofactorauth"):
        importing.read("x", tmp_path)


@pytest.mark.parametrize(
    ("given", "domain"),
    [
        ("*.Example.com", "example.com"),
        ("https://user@www.example.com:8443/a?b#c", "example.com"),
        ("bücher.example", "xn--bcher-kva.example"),
        ("com", None),
        ("co.uk", None),
        ("192.0.2.7", None),
        ("a.*.example.com", None),
        ("-my.example.com", None),
        ("a b.example", None),
        ("=cmd.example", None),
        ("a." * 200 + "example", None),
        ("x" * 5000, None),
        ({"a": 1}, None),
        (None, None),
    ],
)
def test_domain(given: object, domain: str | None) -> None:
    """What is no whole domain, or a registry's suffix, is not made one."""
    assert domain_of(given) == domain


def test_hostile_names_are_harmless() -> None:
    """No formula, no control characters, no second line, no end of it."""
    assert name_of("=cmd|' /c calc'!A0\n\x1b[31m\u202eevil") == "cmd|' /c calc'!A0 [31m evil"
    assert len(name_of("x" * 10_000)) == 100
    assert (
        is_like("anydesk.com", "AnyDesk") and not is_like("amazonaws.com", "AnyDesk") and not is_like("me.com", "Acme")
    )


def test_hostile_files_are_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Too large, too deep, linked and too many: refused or left out, never followed."""
    write(tmp_path, {"entries/a/deep.json": "[" * 100_000, "yaml/bomb.yaml": "a: &a [x, x]\nName: [*a, *a]\n"})
    with pytest.raises(CatalogError, match="found what is no JSON"):
        reading.json_of(tmp_path / "entries/a/deep.json")
    (tmp_path / "entries/a/link.json").symlink_to("/etc/hostname")
    assert [path.name for path in reading.files_in(tmp_path / "entries")] == ["deep.json"]
    with pytest.raises(CatalogError, match="expected tools with Name"):
        importing.read("lolrmm", tmp_path)
    monkeypatch.setattr(reading, "LARGEST_FILE", 10)
    monkeypatch.setattr(reading, "MOST_FILES", 0)
    with pytest.raises(CatalogError, match="expected less"):
        reading.json_of(tmp_path / "entries/a/deep.json")
    with pytest.raises(CatalogError, match="more than 0 files"):
        list(reading.files_in(tmp_path / "entries"))


def test_a_domain_belongs_to_one_service() -> None:
    """The service that is known by it has it; what lies under another of its own domains is left out."""
    found = Gathered()
    found.add(Service("B", (), "v2fly"), ["b.example", "a.example", "x.b.example"])
    found.add(Service("A", (), "v2fly"), ["a.example"])
    found.add_not_app("a.example", "advertising", "v2fly")
    found.settle()
    assert {one.name: one.domains for one in found.services.values()} == {"A": ("a.example",), "B": ("b.example",)}
    assert not found.not_apps


def test_ours_wins_and_provenance_is_kept(tmp_path: Path, settings: Settings) -> None:
    """A known fact stays, an unknown one comes with its source, a service that is not there is added under its origin."""
    entry = {"domain": "dropbox.com", "tfa": ["email"], "additional-domains": ["dropbox-more.example", "box.com"]}
    new = {"domain": "new.example", "tfa": ["totp"], "categories": ["email"]}
    write(tmp_path, {"entries/d/d.json": {"Other name": entry}, "entries/n/n.json": {"Dropbox": new}})
    before = catalog.load(settings)
    importing.run(settings, "twofactorauth", tmp_path)
    after = catalog.load(settings)
    assert after.apps["dropbox"].app_name == "Dropbox" and "dropbox-more.example" in after.apps["dropbox"].domains
    assert after.apps["dropbox"].facts["mfa"] == before.apps["dropbox"].facts.get(
        "mfa", after.apps["dropbox"].facts["mfa"]
    )
    assert after.domains["box.com"] == before.domains["box.com"]
    added = after.apps[after.domains["new.example"]]
    assert (added.app_name, added.origin, added.facts["mfa"].source) == ("Dropbox", "twofactorauth", "2fa.directory")


def test_command_tells_what_changed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Added, changed and removed against the import before; the same again changes nothing and writes the same bytes."""
    monkeypatch.setenv("CLOUD_DISCOVERY_HOME", str(tmp_path))
    clone = tmp_path / "clone"

    def run(*more: str) -> str:
        done = CliRunner().invoke(program, ["catalog", "import", "--from", "twofactorauth", str(clone), *more])
        assert done.exit_code == 0, done.output
        return done.output

    write(clone, {"entries/a/a.json": {"A": {"domain": "a.example", "tfa": ["sms"]}, "B": {"domain": "b.example"}}})
    assert "2 added" in run() and "0 added" in run()
    written = tmp_path / "catalog" / "imported" / "twofactorauth" / "facts.csv"
    assert written.read_text() == "app_id,factor,value,source\na,mfa,sms,2fa.directory\nb,mfa,none,2fa.directory\n"
    write(clone, {"entries/a/a.json": {"A": {"domain": "a.example", "tfa": ["totp"]}, "C": {"domain": "c.example"}}})
    told = json.loads(run("--json"))
    assert told["changed"] == ["a: not mfa sms; now mfa totp"]
    assert [one.partition(":")[0] for one in (*told["added"], *told["removed"])] == ["c", "b"]
    assert [path.name for path in written.parent.parent.iterdir()] == ["twofactorauth"]


def test_public_sources_make_five_thousand_services(settings: Settings) -> None:
    """All of the public sources together, where they are."""
    if not SOURCES.is_dir():
        pytest.skip("no clones of the public sources here")
    for kind in importing.KINDS:
        if kind != "mdca":
            assert importing.run(settings, kind, SOURCES / NAMES.get(kind, kind)).added
    found = catalog.load(settings)
    assert len(found.apps) > 5000
    assert found.lookup("dropbox.com").app == found.apps["dropbox"]
    holders = [domain for one in found.apps.values() for domain in one.domains]
    assert len(holders) == len(set(holders))
    assert not set(holders) & set(found.not_apps)
