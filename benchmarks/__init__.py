"""How fast, against whom, how it grows. Ratios within one run; see docs/benchmarks.md."""
