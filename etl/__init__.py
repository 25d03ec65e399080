"""Cloud Discovery: from drops to a warehouse of app usage. Read `etl/pipeline.py` first."""

import gc
import os

# How this process is tuned, before the libraries that ask for it are loaded; what somebody has set stays.
# numpy starts a thread a processor for linear algebra, which is not done here: they cost every process a tenth of a second.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
# Arrow's own allocator keeps what it has freed, when the models need it.
os.environ.setdefault("ARROW_DEFAULT_MEMORY_POOL", "system")
# Catalog and reports make many objects that stay: to look for cycles among them at every 700 costs a sixth of the time.
gc.set_threshold(50_000, 20, 20)
