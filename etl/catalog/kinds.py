"""The kinds of public source that can be imported into the catalog, each with what reads it in `etl.catalog.importing`."""

from __future__ import annotations

# kind → module, function, what it is. The order is that in which imports are laid beneath the catalog: the earlier names an app.
KINDS: dict[str, tuple[str, str, str]] = {
    "twofactorauth": ("services", "read_twofactorauth", "2factorauth/twofactorauth: second factors"),
    "passkeys": ("services", "read_passkeys", "2factorauth/passkeys: passkeys"),
    "lolrmm": ("tools", "read_lolrmm", "magicsword-io/LOLRMM: remote-management tools"),
    "shadowai": ("tables", "read_shadowai", "radiusmethod/shadowai-domains: generative AI"),
    "ssotax": ("tools", "read_ssotax", "robchahin/sso-wall-of-shame: the price of single sign-on"),
    "v2fly": ("v2fly", "read_v2fly", "v2fly/domain-list-community: domains by service"),
    "misp": ("misp", "read_misp", "MISP/misp-warninglists: shorteners, abused sites, Azure ranges, …"),
    "hibp": ("tables", "read_hibp", "Have I Been Pwned: the JSON of its list of breaches"),
    "mdca": ("mdca", "read_mdca", "Microsoft Defender for Cloud Apps: the CSV of discovered apps"),
}
