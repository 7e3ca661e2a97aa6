"""The parts of the measurements: ``perf/METHODOLOGY.md`` says how and why."""
