"""Cloud Discovery: from drops to a warehouse of app usage. Read `etl/pipeline.py` first."""
