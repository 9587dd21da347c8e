from __future__ import annotations

collect_ignore = ["zoo"]  # run by the doctor, file by file; some need a framework in a process of its own
