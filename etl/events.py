"""The event: one row per transaction, as it lies in the lake. Every format ends in these columns.

Instants are UTC without a zone marker, at microseconds. Bytes are the client's view: uploaded is client to server.
A null number is unknown; it is never written as 0.
"""

from __future__ import annotations

import pyarrow as pa

EVENT_SCHEMA: pa.Schema = pa.schema(
    [
        ("event_at", pa.timestamp("us")),  # when it happened, not when it was received
        ("source", pa.string()),  # the drop folder's name
        ("source_kind", pa.string()),  # endpoint | proxy (firewalls and gateways are proxy)
        ("log_format", pa.string()),  # id of the format that read it
        ("upload_id", pa.string()),
        ("record_no", pa.int64()),  # from 1, within the upload's content
        ("event_key", pa.string()),  # the sender's own unique id, if any
        ("device_id", pa.string()),
        ("device_name", pa.string()),
        ("user_name", pa.string()),  # as logged
        ("src_ip", pa.string()),  # always the client's side
        ("src_port", pa.int32()),
        ("dst_ip", pa.string()),
        ("dst_port", pa.int32()),
        ("dst_host", pa.string()),  # lower case, no port, no trailing dot; null when only an IP is known
        ("url_path", pa.string()),  # without query string and fragment
        ("http_method", pa.string()),
        ("http_status", pa.int32()),
        ("content_type", pa.string()),
        ("user_agent", pa.string()),
        ("process_name", pa.string()),
        ("app_hint", pa.string()),  # the vendor's own application label
        ("vendor_category", pa.string()),
        ("action", pa.string()),  # one of ACTIONS
        ("transactions", pa.int64()),  # 1, or the count an aggregated record stands for
        ("uploaded_bytes", pa.int64()),
        ("downloaded_bytes", pa.int64()),
        ("total_bytes", pa.int64()),
        ("duration_ms", pa.int64()),
    ]
)

EVENT_COLUMNS: tuple[str, ...] = tuple(EVENT_SCHEMA.names)

ACTIONS = ("allowed", "blocked", "warned", "bypassed", "failed", "unknown")

REJECT_SCHEMA: pa.Schema = pa.schema(
    [
        ("record_no", pa.int64()),
        ("reason", pa.string()),
        ("raw", pa.string()),  # the record's text, cut at 4 KiB
    ]
)
