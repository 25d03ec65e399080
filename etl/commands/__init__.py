"""The commands of `cloud-discovery` that make a group, a module each; `etl.cli` puts them together."""
