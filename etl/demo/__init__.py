"""The demo: a week of drops of an invented organisation, with planted incidents.

The same seed and last day give the same bytes.
"""

from etl.demo.decisions import record
from etl.demo.incidents import Incident
from etl.demo.write import DemoSummary, SourceSummary, write

__all__ = ["DemoSummary", "Incident", "SourceSummary", "record", "write"]
