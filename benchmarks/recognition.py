"""How many distinct hosts a second the model `int_hosts_daily` recognises: `python -m benchmarks.recognition [CLONES] [HOSTS]`.

CLONES is a folder with clones of the public sources, imported first, each folder named by its kind or as upstream names it;
without it the shipped catalog is used. HOSTS (default 10 million) are made up, all different: six in ten lie under a domain of
the catalog, up to three labels below it; the rest under domains that nobody knows. Measured is the model's own SQL, from a
Parquet file to a Parquet file, on two threads; at least 1,000,000 hosts a second is asked for.
"""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from etl import catalog
from etl.catalog import importing
from etl.catalog.catalog import Catalog
from etl.compute.duckdb import DuckSession
from etl.errors import CatalogError
from etl.inputs import Inputs
from etl.lake import Lake
from etl.models import models
from etl.settings import Settings

MODEL = "int_hosts_daily"
UPSTREAM = {
    "twofactorauth": "twofactorauth",
    "passkeys": "passkeys",
    "domain-list-community": "v2fly",
    "sso-wall-of-shame": "ssotax",
    "LOLRMM": "lolrmm",
    "shadowai-domains": "shadowai",
    "misp-warninglists": "misp",
}
BATCH = 1_000_000
WORDS = ("www", "api", "cdn", "eu-west-1", "login", "static", "files", "mail", "img", "app", "m", "edge", "s3", "data")
ENDINGS = ("com", "net", "org", "de", "co.uk", "io", "com.br", "fr", "info", "github.io")


def import_all(settings: Settings, clones: Path) -> None:
    """Import every clone in a folder that is one."""
    for folder in sorted(path for path in clones.iterdir() if path.is_dir()):
        kind = UPSTREAM.get(folder.name, folder.name)
        if kind in importing.KINDS:
            try:
                importing.run(settings, kind, folder)
            except CatalogError as error:
                print(f"left out: {error}")


def hosts(count: int, known: Catalog) -> pa.Table:
    """Distinct hosts, as the model reads them."""
    random = np.random.default_rng(7)
    domains = np.array(sorted(domain for domain in known.domains if not domain.startswith("-")), dtype=object)
    batches = []
    for start in range(0, count, BATCH):
        size = min(BATCH, count - start)
        number = np.arange(start, start + size)
        unknown = np.char.add(np.char.add("d", (number // 7).astype(str)), ".").astype(object)
        unknown += np.array(ENDINGS, dtype=object)[number % len(ENDINGS)]
        below = np.where(random.random(size) < 0.6, domains[random.integers(0, len(domains), size)], unknown)
        middle = np.array(["", *(f"{word}." for word in WORDS)], dtype=object)[random.integers(0, len(WORDS) + 1, size)]
        labels = np.char.add(np.char.add("h", number.astype(str)), ".").astype(object)
        batches.append(pa.array(labels + middle + below, pa.string()))
    column = pa.chunked_array(batches)
    day = pa.array(np.full(count, np.datetime64("2026-11-20")), pa.date32())
    return pa.table({"day": day, "host": column, "app_hint": pa.nulls(count, pa.string())})


def main(arguments: list[str]) -> None:
    numbers = [int(one) for one in arguments if one.isdigit()]
    clones = [Path(one) for one in arguments if not one.isdigit()]
    with tempfile.TemporaryDirectory(prefix="cloud-discovery-benchmark-") as folder:
        settings = Settings.model_validate({"home": folder, "compute": {"threads": 2, "memory_limit": "4GB"}})
        for one in clones:
            import_all(settings, one)
        known = catalog.load(settings)
        lake = Lake(settings.folder("lake"))
        known.write(lake)
        given = Path(folder) / "hosts.parquet"
        table = hosts(numbers[0] if numbers else 10_000_000, known)
        pq.write_table(table, given)
        print(f"{len(known.apps):,} apps, {len(known.domains):,} domains; {table.num_rows:,} hosts", flush=True)
        session = DuckSession(settings)
        inputs = Inputs(settings, lake)
        model = models()[MODEL]
        for name in model.reads:
            session.files(name, [given]) if name == "int_usage_daily" else inputs.provide(session, name, None)
        for run in range(1, 4):
            started = time.monotonic()
            rows = session.write(model.sql, Path(folder) / "found.parquet")
            seconds = time.monotonic() - started
            print(f"run {run}: {rows:,} hosts in {seconds:.2f} s: {rows / seconds:,.0f} a second", flush=True)
        session.close()
        classes = pc.value_counts(pq.read_table(Path(folder) / "found.parquet", columns=["app_class"])["app_class"])
        print(", ".join(f"{one['counts'].as_py():,} {one['values'].as_py()}" for one in classes))


if __name__ == "__main__":
    main(sys.argv[1:])
