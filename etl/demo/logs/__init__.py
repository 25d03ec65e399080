"""Each module writes one kind of log as its vendor does; the facts are in etl/formats/<id>/format.toml."""
