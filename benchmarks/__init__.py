"""How fast, against whom, how it grows. What each program does and found: docs/benchmarks.md."""
