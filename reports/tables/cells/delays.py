# Each trial is a row: actions above controls, every event at its delay.
for gateway, rows in trials.groupby("gateway"):
    rows = rows.sort_values(["control", "action", "slot"], ascending=[False, False, False]).reset_index(drop=True)
    height = {slot: i for i, slot in enumerate(rows["slot"])}
    inside = events[(events["gateway"] == gateway) & events["slot"].notna()]
    delay = inside["delay_ns"].astype("float64") / 1e6
    y = inside["slot"].map(height).astype("float64")
    marked = inside["step"].notna().astype(bool)
    fig, axes = plt.subplots(figsize=(9, 0.22 * len(rows) + 1.5))
    axes.scatter(delay[~marked], y[~marked], s=10, color="0.65", label="other events")
    axes.scatter(delay[marked], y[marked], s=22, color="tab:red", label="steps of the pattern")
    labels = rows["action"].fillna("control").astype(str) + " · " + rows["slot"].astype(str)
    axes.set_yticks(range(len(rows)), labels, parse_math=False)
    axes.set_xlabel("delay after the slot's instant, ms")
    axes.set_title(f"{gateway}: trials{MARK}", parse_math=False)
    axes.legend(loc="upper right")
    fig.tight_layout()
