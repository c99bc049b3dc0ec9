"""Benchmark tables: `./dev bench [SECTION...]`. Nothing here is asserted; tests assert counts."""
