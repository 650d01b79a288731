from pathlib import Path

import matplotlib.pyplot as plt
import pandas as pd

HERE = Path(".")
# Text that may look like a number: CSV does not tell.
TEXT = dict.fromkeys(["run", "gateway", "light", "action", "channel", "detail"], "string")


def table(name):
    """Read a table: Parquet where there is one, else CSV."""
    if (HERE / f"{name}.parquet").exists():
        return pd.read_parquet(HERE / f"{name}.parquet", dtype_backend="numpy_nullable")
    frame = pd.read_csv(
        HERE / f"{name}.csv",
        dtype=TEXT,
        dtype_backend="numpy_nullable",
        keep_default_na=False,
        na_values=[""],
        encoding="utf-8",
    )
    for column in frame.columns:
        if column.endswith("_at"):
            frame[column] = pd.to_datetime(frame[column], utc=True, format="ISO8601")
        elif pd.api.types.is_string_dtype(frame[column]):
            # An apostrophe protects spreadsheets from formulas; see columns.md.
            frame[column] = frame[column].str.replace(r"^'", "", regex=True)
    return frame


trials = table("trials")
seen = table("seen")
steps = table("steps")
events = table("events")
candidates = table("candidates")
verdicts = table("verdicts")

SIMULATED = bool(trials["simulated"].any())
MARK = " (simulated)" if SIMULATED else ""
verdicts
